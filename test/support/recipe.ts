/** Runs the shell commands of a documentation page as they stand there, but in folders of a test. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must, type RunOptions, TREEPORT } from '../e2e/support/run.ts';
import { projectText } from './project.ts';

/** The blocks of `sh` code below a heading. */
export function recipesBelow(page: string, heading: string): readonly string[] {
  const section = projectText(page)
    .split(/^## /m)
    .find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${page} has no heading "${heading}"`);
  return [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, code]) => code as string);
}

/**
 * Runs a block, which ends at the first command that fails; `treeport` is the product. `folders` replaces the
 * paths that the page names.
 */
export async function runRecipe(
  folder: string,
  code: string,
  folders: Readonly<Record<string, string>>,
  options: RunOptions = {},
): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'treeport'), `#!/bin/sh\nexec ${TREEPORT.join(' ')} "$@"\n`);
  await chmod(join(bin, 'treeport'), 0o755);
  let text = `PATH=${bin}:$PATH\n${code}`;
  for (const [named, actual] of Object.entries(folders)) text = text.replaceAll(named, actual);
  return must(['bash', '-euc', text], { cwd: folder, ...options });
}
