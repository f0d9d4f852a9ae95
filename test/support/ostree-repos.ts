/** Repositories of every mode, made with the real ostree, for tests that read them. */
import { createHash } from 'node:crypto';
import { cpSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { libcXattrs } from '../../src/native/libc/xattrs.ts';
import { type Checksum, parseChecksum } from '../../src/ostree/checksum.ts';
import { serializeXattrs } from '../../src/ostree/xattrs.ts';
import { must } from '../e2e/support/run.ts';

export type OstreeMode = 'archive' | 'bare' | 'bare-user' | 'bare-user-only' | 'bare-split-xattrs';

/** The layouts of bare-split-xattrs repositories that ostree-ext has used. */
export type SplitGeneration = 'inline' | 'linked' | 'v0';

export const REF = 'exampleos/x86_64/main';

export async function initRepo(path: string, mode: OstreeMode): Promise<string> {
  await must(['ostree', `--repo=${path}`, 'init', `--mode=${mode}`]);
  // The disk may be nearly full.
  await must(['ostree', `--repo=${path}`, 'config', 'set', 'core.min-free-space-percent', '0']);
  return path;
}

export type CommitOptions = {
  readonly ref?: string;
  readonly subject?: string;
  /** More arguments of `ostree commit`. */
  readonly words?: readonly string[];
};

/** Commits a directory and returns the commit's id. */
export async function commitDirectory(
  repo: string,
  tree: string,
  options: CommitOptions = {},
): Promise<Checksum> {
  const { ref = REF, subject = 'A test commit', words = [] } = options;
  const output = await must([
    'ostree',
    `--repo=${repo}`,
    'commit',
    `--branch=${ref}`,
    `--subject=${subject}`,
    '--timestamp=2026-01-02 03:04:05 +0000',
    ...words,
    tree,
  ]);
  return parseChecksum(output.trim());
}

/** A repository of another mode with the same commits and refs. */
export async function copyRepo(from: string, to: string, mode: OstreeMode): Promise<string> {
  await initRepo(to, mode);
  await must(['ostree', `--repo=${to}`, 'pull-local', from]);
  return to;
}

/** Converts a bare repository to bare-split-xattrs; needs the privilege to keep owners. */
export function makeSplitRepo(bare: string, to: string, generation: SplitGeneration): string {
  cpSync(bare, to, { recursive: true, verbatimSymlinks: true });
  const objects = join(to, 'objects');
  rmSync(objects, { recursive: true });
  for (const fanOut of readdirSync(join(bare, 'objects'))) {
    mkdirSync(join(objects, fanOut), { recursive: true });
    for (const name of readdirSync(join(bare, 'objects', fanOut))) {
      linkSync(join(bare, 'objects', fanOut, name), join(objects, fanOut, name));
      if (name.endsWith('.file')) splitXattrs(to, join(objects, fanOut, name), generation);
    }
  }
  if (generation === 'v0') rmSync(join(to, 'config'));
  else writeFileSync(join(to, 'config'), '[core]\nrepo_version=1\nmode=bare-split-xattrs\n');
  if (generation === 'v0') mkdirSync(join(to, 'xattrs'), { recursive: true });
  return to;
}

function splitXattrs(repo: string, object: string, generation: SplitGeneration): void {
  const bytes = serializeXattrs(libcXattrs.list(object));
  const checksum = createHash('sha256').update(bytes).digest('hex');
  const fanOut = join(repo, 'objects', checksum.slice(0, 2));
  switch (generation) {
    case 'inline':
      writeFileSync(`${object}-xattrs-link`, bytes);
      break;
    case 'linked':
      linkTo(join(fanOut, `${checksum.slice(2)}.file-xattrs`), bytes, `${object}-xattrs-link`);
      break;
    case 'v0':
      if (bytes.length > 0) linkTo(join(repo, 'xattrs', checksum), bytes, `${object}.xattrs`);
      break;
  }
}

/** Writes the shared file the first time, and a hard link to it. */
function linkTo(shared: string, bytes: Buffer, link: string): void {
  mkdirSync(join(shared, '..'), { recursive: true });
  writeFileSync(shared, bytes);
  linkSync(shared, link);
}

/** Replaces an object's file by an independent copy, so that a test can corrupt it. */
export function unshare(path: string): void {
  const copy = `${path}.copy`;
  cpSync(path, copy, { verbatimSymlinks: true });
  renameSync(copy, path);
}

/** An entry as `ostree ls -R -C` lists it. */
export type ListedEntry = {
  readonly path: string;
  /** `-` file, `l` symlink, `d` directory. */
  readonly kind: string;
  /** Of the file; of the dirtree for a directory. */
  readonly checksum: Checksum;
  /** The dirmeta of a directory. */
  readonly meta: Checksum | undefined;
};

/** The whole tree of a commit in ostree's own order. */
export async function listTree(repo: string, revision: string): Promise<readonly ListedEntry[]> {
  const list = (word: string) => must(['ostree', `--repo=${repo}`, 'ls', '-R', word, revision]);
  const paths = (await list('--nul-filenames-only')).split('\0').slice(0, -1);
  const lines = [...(await list('-C')).matchAll(ENTRY_LINE)];
  if (lines.length !== paths.length) throw new Error(`${lines.length} lines for ${paths.length} paths`);
  return paths.map((path, index) => {
    const [, kind = '', checksum = '', meta] = lines[index] as RegExpMatchArray;
    return {
      path,
      kind,
      checksum: parseChecksum(checksum),
      meta: meta === undefined ? undefined : parseChecksum(meta),
    };
  });
}

/** Matches only the beginnings of lines, because names may have line ends. */
const ENTRY_LINE = /^([-dl])\d{5} \d+ \d+ +\d+ ([0-9a-f]{64}) (?:([0-9a-f]{64}) )?/gm;

/** Unpacks the bare-split-xattrs repository that libostree's own tests use. */
export async function unpackSplitFixture(folder: string): Promise<string> {
  const archive = join(import.meta.dirname, '../fixtures/bare-split-xattrs-basic.tar.xz');
  await must(['tar', '-C', folder, '-xJf', archive]);
  return join(folder, 'repo');
}
