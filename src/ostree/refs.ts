/**
 * Refs of a repository: files holding a commit checksum, below
 * `refs/heads/<ref>`, `refs/remotes/<remote>/<ref>` and `refs/mirrors/<collection id>/<ref>`.
 * An alias is a symlink to another ref file.
 */
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { compareBytes } from '../base/bytes.ts';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { type Checksum, isChecksum } from './checksum.ts';
import type { Repository } from './repo/open.ts';

/** Ref names to commits, sorted by the bytes of the names. */
export type Refs = ReadonlyMap<string, Checksum>;

/** Local refs of the repository itself, without its parents'. */
export function listHeads(repo: Repository): Promise<Refs> {
  return readRefs(join(repo.path, 'refs/heads'));
}

/** Refs fetched from remotes, named `<remote>:<ref>`. */
export async function listRemoteRefs(repo: Repository): Promise<Refs> {
  return prefixed(await readRefs(join(repo.path, 'refs/remotes')), ':');
}

/** Refs of other collections: collection id to refs. */
export async function listMirrorRefs(repo: Repository): Promise<ReadonlyMap<string, Refs>> {
  const collections = new Map<string, Refs>();
  const directory = join(repo.path, 'refs/mirrors');
  for (const id of (await listDirectory(directory)).toSorted(compareBytes)) {
    const refs = await readRefs(join(directory, id));
    if (refs.size > 0) collections.set(id, refs);
  }
  return collections;
}

function prefixed(refs: Refs, separator: string): Refs {
  return new Map([...refs].map(([name, commit]) => [name.replace('/', separator), commit]));
}

async function readRefs(root: string): Promise<Refs> {
  const found: [string, Checksum][] = [];
  const visit = async (prefix: string): Promise<void> => {
    for (const name of await listDirectory(join(root, prefix))) {
      const ref = prefix === '' ? name : `${prefix}/${name}`;
      const commit = await readRefFile(root, ref);
      if (commit === 'directory') await visit(ref);
      else if (commit !== undefined) found.push([ref, commit]);
    }
  };
  await visit('');
  return new Map(found.toSorted(([a], [b]) => compareBytes(a, b)));
}

async function listDirectory(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw new TreeportError('ERR_IO', `cannot list refs in ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** The commit a ref file names; undefined if it is gone meanwhile, is no ref, or is an alias that leads out. */
async function readRefFile(root: string, ref: string): Promise<Checksum | 'directory' | undefined> {
  const path = join(root, ref);
  try {
    const real = await realpath(path);
    if (!real.startsWith((await realpath(root)) + sep)) return undefined;
    const text = (await readFile(real, 'latin1')).trim();
    return isChecksum(text) ? text : undefined;
  } catch (error) {
    if (errnoOf(error) === 'EISDIR') return 'directory';
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new TreeportError('ERR_IO', `cannot read ref ${ref}: ${messageOf(error)}`, { cause: error });
  }
}

/** One ref file, `undefined` if there is none. `root` is `refs/heads` and the like. */
export async function readRef(repo: Repository, root: string, ref: string): Promise<Checksum | undefined> {
  const found = await readRefFile(join(repo.path, root), ref);
  return found === 'directory' ? undefined : found;
}
