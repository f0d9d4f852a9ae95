/**
 * The repositories of the end-to-end tests, made by the real `ostree` and `gpg`, once per run, and only read:
 * an OS in two versions, signed, then a delta, then a signed summary, in the order that clients
 * need; and a commit with a single text file, with nothing signed and no summary.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checksum, parseChecksum } from '../../../src/ostree/checksum.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';
import { type GpgKey, makeGpgKey, stopAgent } from './gpg.ts';
import { HOSTILE, makeOsTree } from './os-tree.ts';
import { must } from './run.ts';
import { shared } from './scratch.ts';

export const OS_REF = 'treeport/e2e/os';
export const TEXT_REF = 'treeport/e2e/text';
export const TEXT = 'all that there is\n';

export type OsRepo = {
  /** Mode bare. */
  readonly path: string;
  readonly gpg: GpgKey;
  /** The parent of `commit`. */
  readonly firstCommit: Checksum;
  /** What OS_REF points to; there is a delta to it from its parent. */
  readonly commit: Checksum;
};

export type TextRepo = {
  /** Mode archive. */
  readonly path: string;
  /** What TEXT_REF points to: no libc, no shell, one file. There is a delta to it from nothing. */
  readonly commit: Checksum;
};

/** For a test's `skip` option: whether the repositories can be made here. */
export function unlessOsRepo(...programs: readonly string[]): string | false {
  return unlessRoot() || unlessInstalled('ostree', 'gpg', 'setfattr', 'setcap', ...programs);
}

/** The repository with the OS. Nobody may change it. */
export function osRepo(): Promise<OsRepo> {
  return shared('os', buildOs);
}

/** The repository with the text file. Nobody may change it. */
export function textRepo(): Promise<TextRepo> {
  return shared('text', buildText);
}

async function buildOs(folder: string): Promise<OsRepo> {
  const path = join(folder, 'repo');
  const tree = join(folder, 'tree');
  const gpg = await makeGpgKey(folder);
  const signing = [`--gpg-homedir=${gpg.home}`, `--gpg-sign=${gpg.id}`];
  await must(['ostree', `--repo=${path}`, 'init', '--mode=bare']);
  await mkdir(tree);
  await makeOsTree(tree);
  const firstCommit = await commitTree(path, tree, OS_REF, '1', signing);
  await changeTree(tree);
  const commit = await commitTree(path, tree, OS_REF, '2', signing);
  await rm(tree, { recursive: true });
  const delta = ['static-delta', 'generate', `--from=${firstCommit}`, `--to=${commit}`];
  await must(['ostree', `--repo=${path}`, ...delta]);
  await must(['ostree', `--repo=${path}`, 'summary', '--update', ...signing]);
  await stopAgent(gpg.home);
  return { path, gpg, firstCommit, commit };
}

async function buildText(folder: string): Promise<TextRepo> {
  const path = join(folder, 'repo');
  const tree = join(folder, 'tree');
  await must(['ostree', `--repo=${path}`, 'init', '--mode=archive']);
  await mkdir(tree);
  await writeFile(join(tree, 'text'), TEXT);
  const commit = await commitTree(path, tree, TEXT_REF, '1', []);
  await must(['ostree', `--repo=${path}`, 'static-delta', 'generate', '--empty', `--to=${commit}`]);
  return { path, commit };
}

async function commitTree(
  repo: string,
  tree: string,
  ref: string,
  version: string,
  words: readonly string[],
): Promise<Checksum> {
  const commit = await must([
    ...['ostree', `--repo=${repo}`, 'commit', `--branch=${ref}`, `--tree=dir=${tree}`, '--fsync=false'],
    ...[`--subject=${ref} ${version}`, `--add-metadata-string=version=${version}`, ...words],
  ]);
  return parseChecksum(commit);
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
