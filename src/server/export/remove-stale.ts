/** Removes files of an earlier export that the repository does not have any more. */
import { deltaDirectory, parseDeltaDirectory } from '../../ostree/delta-name.ts';
import { isMetadataType, parseLooseName } from '../../ostree/object-name.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { type Documents, isCompanion } from './documents.ts';
import type { ExportTarget } from './export-target.ts';

/**
 * Removes refs, which must go because clients would take them for current; or else deltas, their indexes and
 * flatpak's files. Returns how many files went.
 */
export function removeStale(target: ExportTarget, documents: Documents, which: 'refs' | 'others'): number {
  if (which === 'refs')
    return removeUnless(target, ['refs/heads', 'refs/mirrors'], (path) => documents.refs.has(path));
  const deltas = new Set(documents.deltas.map(({ name }) => deltaDirectory(name)));
  const isKnownDelta = (path: string) => {
    const [, fanOut = '', rest = ''] = path.split('/');
    const name = parseDeltaDirectory(fanOut, rest);
    return name !== undefined && deltas.has(deltaDirectory(name));
  };
  const companions = target.topFiles().filter((name) => isCompanion(name) && !documents.before.has(name));
  for (const name of companions) target.remove(name);
  return (
    companions.length +
    removeUnless(target, ['delta-indexes', 'summaries'], (path) => documents.before.has(path)) +
    removeUnless(target, ['deltas'], isKnownDelta)
  );
}

/** Removes objects, commits first, because they lead to the others. */
export async function removeObjects({ objects }: Repository, target: ExportTarget): Promise<number> {
  let removed = 0;
  for (const isCommitRound of [true, false]) {
    for (const path of target.files('objects')) {
      const [, fanOut = '', file = ''] = path.split('/');
      const name = parseLooseName(fanOut, file);
      if (name === undefined || (name.extension === 'commit') !== isCommitRound) continue;
      const { checksum, extension } = name;
      const type = extension === 'filez' ? 'file' : extension;
      if (type !== 'file' && !isMetadataType(type)) continue;
      if (!(await objects.has({ type, checksum })) && target.remove(path)) removed += 1;
    }
  }
  return removed;
}

function removeUnless(
  target: ExportTarget,
  directories: readonly string[],
  isKept: (path: string) => boolean,
): number {
  const stale = directories.flatMap((directory) =>
    [...target.files(directory)].filter((path) => !isKept(path)),
  );
  for (const path of stale) target.remove(path);
  return stale.length;
}
