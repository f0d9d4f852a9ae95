/**
 * Refs of a repository: files holding a commit checksum, below
 * `refs/heads/<ref>`, `refs/remotes/<remote>/<ref>` and `refs/mirrors/<collection id>/<ref>`.
 * An alias is a symlink to another ref file of the same kind. Links that lead elsewhere, to nothing or to
 * a directory are no refs.
 */
import { type Dirent, readFileSync, realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { compareBytes } from '../base/bytes.ts';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { type Checksum, isChecksum } from './checksum.ts';
import { isRefName } from './ref-name.ts';
import type { Repository } from './repo/open.ts';

/** Ref names to commits, sorted by the bytes of the names. */
export type Refs = ReadonlyMap<string, Checksum>;

const HEADS = 'refs/heads';
const REMOTES = 'refs/remotes';
const MIRRORS = 'refs/mirrors';

/** Local refs of the repository itself, without its parents'. */
export function listHeads(repo: Repository): Promise<Refs> {
  return readRefs(join(repo.path, HEADS));
}

/** Refs fetched from remotes, named `<remote>:<ref>`. */
export async function listRemoteRefs(repo: Repository): Promise<Refs> {
  const refs: [string, Checksum][] = [];
  for (const remote of await listRemotes(repo)) {
    for (const [name, commit] of await readRefs(join(repo.path, REMOTES, remote))) {
      refs.push([`${remote}:${name}`, commit]);
    }
  }
  return sorted(refs);
}

/** Names of the remotes that refs were fetched from, sorted. */
export function listRemotes(repo: Repository): Promise<readonly string[]> {
  return listSubdirectories(join(repo.path, REMOTES));
}

/** Refs of other collections: collection id to refs. */
export async function listMirrorRefs(repo: Repository): Promise<ReadonlyMap<string, Refs>> {
  const collections = new Map<string, Refs>();
  const directory = join(repo.path, MIRRORS);
  for (const id of await listSubdirectories(directory)) {
    const refs = await readRefs(join(directory, id));
    if (refs.size > 0) collections.set(id, refs);
  }
  return collections;
}

/** One ref file, `undefined` if there is none. `root` is `refs/heads` and the like. */
export async function readRef(repo: Repository, root: string, ref: string): Promise<Checksum | undefined> {
  return readRefFile(join(repo.path, root), ref);
}

async function readRefs(root: string): Promise<Refs> {
  const found: [string, Checksum][] = [];
  const pending = [''];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    for (const entry of await listDirectory(join(root, prefix))) {
      const ref = prefix + entry.name;
      if (!isRefName(ref)) continue;
      if (entry.isDirectory()) {
        pending.push(`${ref}/`);
        continue;
      }
      const commit = readRefFile(root, ref);
      if (commit !== undefined) found.push([ref, commit]);
    }
  }
  return sorted(found);
}

function sorted(refs: readonly (readonly [string, Checksum])[]): Refs {
  return new Map(refs.toSorted(([a], [b]) => compareBytes(a, b)));
}

async function listSubdirectories(path: string): Promise<readonly string[]> {
  const entries = (await listDirectory(path)).filter((entry) => entry.isDirectory() && isRefName(entry.name));
  return entries.map((entry) => entry.name).toSorted(compareBytes);
}

async function listDirectory(path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw new TreeportError('ERR_IO', `cannot list refs in ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Gone meanwhile, below a ref instead of a directory, a directory, an alias in a circle, longer than a file name. */
const NO_REF: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG'];

/** The commit a ref file names; undefined if there is none. */
function readRefFile(root: string, ref: string): Checksum | undefined {
  try {
    const path = realpathSync(join(root, ref));
    if (!path.startsWith(realpathSync(root) + sep)) return undefined;
    const text = readFileSync(path, 'latin1').trim();
    return isChecksum(text) ? text : undefined;
  } catch (error) {
    if (NO_REF.includes(errnoOf(error))) return undefined;
    throw new TreeportError('ERR_IO', `cannot read ref ${ref}: ${messageOf(error)}`, { cause: error });
  }
}
