/**
 * The repository of the end-to-end tests, made by the real `ostree` and `gpg`: an OS in two versions and
 * a commit with a single text file; commits signed, then deltas, then a signed summary, in the order that
 * clients need. Made once per run and only read.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';
import { type GpgKey, makeGpgKey, stopAgent } from './gpg.ts';
import { HOSTILE, makeOsTree } from './os-tree.ts';
import { must } from './run.ts';
import { shared } from './scratch.ts';

export const OS_REF = 'treeport/e2e/os';
/** One text file and nothing else: no libc, no shell. */
export const TEXT_REF = 'treeport/e2e/text';
export const TEXT = 'all that there is\n';

export type OsRepo = {
  /** Mode bare. */
  readonly path: string;
  readonly gpg: GpgKey;
  /** The parent of `commit`. */
  readonly firstCommit: string;
  /** What OS_REF points to. */
  readonly commit: string;
  /** What TEXT_REF points to. */
  readonly textCommit: string;
};

/** For a test's `skip` option: whether the repository can be made here. */
export function unlessOsRepo(...programs: readonly string[]): string | false {
  return unlessRoot() || unlessInstalled('ostree', 'gpg', 'setfattr', 'setcap', ...programs);
}

/** The repository of this run of the tests. Nobody may change it. */
export function osRepo(): Promise<OsRepo> {
  return shared('os', build);
}

async function build(folder: string): Promise<OsRepo> {
  const path = join(folder, 'repo');
  const gpg = await makeGpgKey(folder);
  const ostree = (...words: readonly string[]) => must(['ostree', `--repo=${path}`, ...words]);
  await ostree('init', '--mode=bare');
  await ostree('config', 'set', 'core.fsync', 'false');
  const tree = join(folder, 'tree');
  const commit = (ref: string, version: string) =>
    ostree(
      'commit',
      `--branch=${ref}`,
      `--tree=dir=${tree}`,
      `--subject=${ref} ${version}`,
      `--add-metadata-string=version=${version}`,
      `--gpg-homedir=${gpg.home}`,
      `--gpg-sign=${gpg.id}`,
    );

  await mkdir(tree);
  await makeOsTree(tree);
  const firstCommit = await commit(OS_REF, '1');
  await changeTree(tree);
  const secondCommit = await commit(OS_REF, '2');
  await rm(tree, { recursive: true });

  await mkdir(tree);
  await writeFile(join(tree, 'text'), TEXT);
  const textCommit = await commit(TEXT_REF, '1');
  await rm(tree, { recursive: true });

  await ostree('static-delta', 'generate', `--from=${firstCommit}`, `--to=${secondCommit}`);
  await ostree('static-delta', 'generate', '--empty', `--to=${textCommit}`);
  await ostree('summary', '--update', `--gpg-homedir=${gpg.home}`, `--gpg-sign=${gpg.id}`);
  await stopAgent(gpg.home);
  return { path, gpg, firstCommit, commit: secondCommit, textCommit };
}

/** What the second version of the OS has changed, added and lost. */
async function changeTree(tree: string): Promise<void> {
  const hostile = join(tree, HOSTILE);
  await writeFile(join(tree, 'usr/etc/os-version'), '2\n');
  await writeFile(join(hostile, 'modes/mode-600'), 'another secret\n');
  await writeFile(join(hostile, 'added'), 'x'.repeat(100_000));
  await rename(join(hostile, 'names'), join(hostile, 'other names'));
  await rm(join(hostile, 'links/hardlink-a'));
}
