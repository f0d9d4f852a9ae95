/**
 * File systems that ignore case, such as FAT and exFAT: refs that differ in case alone would be one file
 * there, and one of them would lead to the other's commit. FAT also drops dots at the end of a name.
 */
import { existsSync } from 'node:fs';
import { TreeportError } from '../../base/errors.ts';
import type { ExportTarget } from './export-target.ts';

/** ERR_EXPORT_TARGET if the target cannot hold these files side by side, with the refs that it has. */
export function checkFoldedNames(target: ExportTarget, paths: Iterable<string>): void {
  // Every repository has `refs`.
  if (!existsSync(target.at('REFS'))) return;
  const spelled = new Map<string, string>();
  for (const path of [...target.files('refs'), ...paths]) {
    const names = path.split('/');
    for (const depth of names.keys()) {
      const spelling = names.slice(0, depth + 1).join('/');
      const folded = spelling.toLowerCase();
      const other = spelled.get(folded) ?? spelling;
      if (other !== spelling) throw unfit(target, `${other} and ${spelling}, which differ in case alone`);
      if (spelling.endsWith('.')) throw unfit(target, `${spelling}, whose name ends with a dot`);
      spelled.set(folded, spelling);
    }
  }
}

function unfit({ path }: ExportTarget, what: string): TreeportError {
  return new TreeportError(
    'ERR_EXPORT_TARGET',
    `${path} is on a file system that ignores case, such as FAT or exFAT, and cannot hold ${what}; use one such as ext4, or an archive or pieces of one`,
  );
}
