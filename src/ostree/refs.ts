/**
 * Refs of a repository: files holding a commit checksum, below
 * `refs/heads/<ref>`, `refs/remotes/<remote>/<ref>` and `refs/mirrors/<collection id>/<ref>`.
 * An alias is a symlink to another ref file, as `ostree refs --alias` makes it.
 *
 * A file with a ref's name that holds no commit is a damaged ref: empty, truncated, or a link that is broken,
 * leads to a directory or out of `refs`. Lists skip it and report it to the caller. Files with invalid ref
 * names are skipped silently, as ostree does: they may be temporary files.
 */
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { compareBytes } from '../base/bytes.ts';
import { isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { listBeneath, lstatBeneath } from '../base/list-beneath.ts';
import { readBeneath } from '../base/open-beneath.ts';
import { type Checksum, isChecksum } from './checksum.ts';
import { MAX_REF_BYTES } from './limits.ts';
import { isRefName } from './ref-name.ts';
import type { Repository } from './repo/open.ts';

/** Ref names to commits, sorted by the bytes of the names. */
export type Refs = ReadonlyMap<string, Checksum>;

export type DamagedRef = {
  /** Its file, or a directory that cannot be listed: the path below the repository. */
  readonly path: string;
  /** What is wrong with it; one line. */
  readonly why: string;
  /** Set if the system failed to read it; the ref itself may be intact. */
  readonly error?: TreeportError;
};

export type ListRefsOptions = {
  /** Called for each damaged ref. Without it, unreadable refs throw and other damaged refs are skipped. */
  readonly onDamaged?: (damaged: DamagedRef) => void;
};

const REFS = 'refs';
const HEADS = 'refs/heads';
const REMOTES = 'refs/remotes';
const MIRRORS = 'refs/mirrors';

/** Local refs of the repository, without those of its parents. ERR_IO if their directory cannot be listed. */
export async function listHeads(repo: Repository, options?: ListRefsOptions): Promise<Refs> {
  return readRefs(repo, HEADS, options);
}

/** Refs fetched from remotes, named `<remote>:<ref>`. */
export async function listRemoteRefs(repo: Repository, options?: ListRefsOptions): Promise<Refs> {
  const refs: [string, Checksum][] = [];
  for (const remote of subdirectories(repo, REMOTES, options)) {
    for (const [name, commit] of readRefs(repo, `${REMOTES}/${remote}`, options)) {
      refs.push([`${remote}:${name}`, commit]);
    }
  }
  return sorted(refs);
}

/** Names of the remotes that refs were fetched from, sorted. */
export async function listRemotes(repo: Repository): Promise<readonly string[]> {
  return subdirectories(repo, REMOTES);
}

/** Refs of other collections: collection id to refs. */
export async function listMirrorRefs(
  repo: Repository,
  options?: ListRefsOptions,
): Promise<ReadonlyMap<string, Refs>> {
  const collections = new Map<string, Refs>();
  for (const id of subdirectories(repo, MIRRORS, options)) {
    const refs = readRefs(repo, `${MIRRORS}/${id}`, options);
    if (refs.size > 0) collections.set(id, refs);
  }
  return collections;
}

export type NamedRef = {
  /** `ref`, `remote:ref` or `collection-id ref`. */
  readonly name: string;
  readonly commit: Checksum;
};

/** All refs: local ones, then those of remotes, then those of other collections. */
export async function listAllRefs(repo: Repository, options?: ListRefsOptions): Promise<readonly NamedRef[]> {
  const own = [...(await listHeads(repo, options)), ...(await listRemoteRefs(repo, options))];
  const mirrors = [...(await listMirrorRefs(repo, options))].flatMap(([id, refs]) =>
    [...refs].map(([ref, commit]) => [`${id} ${ref}`, commit] as const),
  );
  return [...own, ...mirrors].map(([name, commit]) => ({ name, commit }));
}

/** One ref, `undefined` if there is none or if it is damaged. `root` is `refs/heads` and the like. */
export async function readRef(repo: Repository, root: string, ref: string): Promise<Checksum | undefined> {
  const read = readRefFile(repo, root, ref);
  if (read?.damaged?.error !== undefined) throw read.damaged.error;
  return read?.commit;
}

function readRefs(
  repo: Repository,
  root: string,
  { onDamaged = throwUnreadable }: ListRefsOptions = {},
): Refs {
  const found: [string, Checksum][] = [];
  const pending = [''];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    for (const entry of listRefDirectory(repo, root, prefix, onDamaged)) {
      const ref = prefix + entry.name;
      if (!isRefName(ref)) continue;
      if (entry.isDirectory()) {
        pending.push(`${ref}/`);
        continue;
      }
      const read = readRefFile(repo, root, ref);
      if (read?.commit !== undefined) found.push([ref, read.commit]);
      if (read?.damaged !== undefined) onDamaged(read.damaged);
    }
  }
  return sorted(found);
}

function throwUnreadable({ error }: DamagedRef): void {
  if (error !== undefined) throw error;
}

function sorted(refs: readonly (readonly [string, Checksum])[]): Refs {
  return new Map(refs.toSorted(([a], [b]) => compareBytes(a, b)));
}

/** Names of the directories in `path`; anything else with such a name is damaged. */
function subdirectories(
  repo: Repository,
  path: string,
  { onDamaged }: ListRefsOptions = {},
): readonly string[] {
  const names: string[] = [];
  for (const entry of listDirectory(repo, path)) {
    if (!isRefName(entry.name)) continue;
    if (entry.isDirectory()) names.push(entry.name);
    else onDamaged?.({ path: `${path}/${entry.name}`, why: 'it is not a directory' });
  }
  return names.toSorted(compareBytes);
}

/** A directory below `root` that cannot be listed is damaged; `root` itself must be readable. */
function listRefDirectory(
  repo: Repository,
  root: string,
  prefix: string,
  onDamaged: (damaged: DamagedRef) => void,
): readonly Dirent[] {
  const path = `${root}/${prefix}`.replace(/\/$/, '');
  try {
    return listDirectory(repo, path);
  } catch (error) {
    if (prefix === '' || !isTreeportError(error)) throw error;
    onDamaged({ path, why: error.message, error });
    return [];
  }
}

function listDirectory(repo: Repository, path: string): readonly Dirent[] {
  try {
    return listBeneath(repo.path, path) ?? [];
  } catch (error) {
    if (isTreeportError(error)) throw error;
    const message = `cannot list refs in ${join(repo.path, path)}: ${messageOf(error)}`;
    throw new TreeportError('ERR_IO', message, { cause: error });
  }
}

type ReadRef = { readonly commit?: Checksum; readonly damaged?: DamagedRef };

/** Undefined if there is no such file. */
function readRefFile(repo: Repository, root: string, ref: string): ReadRef | undefined {
  const path = `${root}/${ref}`;
  const damaged = (why: string, error?: TreeportError): ReadRef => ({
    damaged: { path, why, ...(error === undefined ? {} : { error }) },
  });
  try {
    const options = { links: 'inside', within: REFS, maxBytes: MAX_REF_BYTES } as const;
    const bytes = readBeneath(repo.path, path, options);
    if (bytes === undefined) return isLink(repo, path) ? damaged('it is a broken link') : undefined;
    const text = bytes.toString('latin1').trim();
    return isChecksum(text) ? { commit: text } : damaged('it does not hold the checksum of a commit');
  } catch (error) {
    if (isTreeportError(error)) return damaged(error.message);
    const message = `cannot read ref ${ref}: ${messageOf(error)}`;
    return damaged(message, new TreeportError('ERR_IO', message, { cause: error }));
  }
}

function isLink(repo: Repository, path: string): boolean {
  return lstatBeneath(repo.path, path)?.isSymbolicLink() === true;
}
