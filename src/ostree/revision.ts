/**
 * Resolves revisions: a ref, `remote:ref`, a commit checksum or a unique prefix of one, each followed by any
 * number of `^` for parents.
 */
import { isTreeportError, TreeportError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import { type Checksum, isChecksum } from './checksum.ts';
import type { Commit } from './commit.ts';
import { loadCommitObject } from './load.ts';
import { isRefName } from './ref-name.ts';
import { listHeads, listRemoteRefs, listRemotes, readRef } from './refs.ts';
import type { Repository } from './repo/open.ts';

/** The commit a revision names; ERR_REF_MISSING or ERR_COMMIT_MISSING if there is none. */
export async function resolveRevision(repo: Repository, revision: string): Promise<Checksum> {
  const base = revision.replace(/\^+$/, '');
  let checksum = await resolveBase(repo, base);
  for (let steps = revision.length - base.length; steps > 0; steps--) {
    const { parent } = await loadCommit(repo, checksum);
    if (parent === undefined)
      throw new TreeportError(
        'ERR_COMMIT_MISSING',
        `commit ${checksum} has no parent, so there is no ${revision}`,
      );
    checksum = parent;
  }
  return checksum;
}

async function resolveBase(repo: Repository, base: string): Promise<Checksum> {
  if (isChecksum(base)) return base;
  const found = (await resolveRef(repo, base)) ?? (await resolveBeginning(repo, base));
  if (found !== undefined) return found;
  const meant = didYouMean(base, await refNames(repo)) || ' (treeport repo refs lists the refs)';
  throw new TreeportError('ERR_REF_MISSING', `no ref or commit "${base}" in repository ${repo.path}${meant}`);
}

/** The refs that {@link resolveRevision} takes, without damaged ones; of remotes with their remote. */
export async function refNames(repo: Repository): Promise<readonly string[]> {
  const options = { onDamaged: () => {} };
  const own = [...(await listHeads(repo, options)).keys(), ...(await listRemoteRefs(repo, options)).keys()];
  return repo.parent === undefined ? own : [...new Set([...own, ...(await refNames(repo.parent))])];
}

/** The commit of `ref` or `remote:ref`, here or in a parent repository. */
export async function resolveRef(repo: Repository, ref: string): Promise<Checksum | undefined> {
  const [remote, name] = ref.includes(':') ? (ref.split(':', 2) as [string, string]) : [undefined, ref];
  if (!isRefName(name) || (remote !== undefined && !isRefName(remote))) return undefined;
  const found =
    remote === undefined ? await findRef(repo, name) : await readRef(repo, `refs/remotes/${remote}`, name);
  if (found !== undefined || repo.parent === undefined) return found;
  return resolveRef(repo.parent, ref);
}

/** A ref without a remote: a head, else `remote/ref`, else a ref of any remote, in ostree's order. */
async function findRef(repo: Repository, name: string): Promise<Checksum | undefined> {
  const found = (await readRef(repo, 'refs/heads', name)) ?? (await readRef(repo, 'refs/remotes', name));
  if (found !== undefined) return found;
  for (const remote of await listRemotes(repo)) {
    const commit = await readRef(repo, `refs/remotes/${remote}`, name);
    if (commit !== undefined) return commit;
  }
  return undefined;
}

async function resolveBeginning(repo: Repository, text: string): Promise<Checksum | undefined> {
  if (!/^[0-9a-f]{4,63}$/.test(text)) return undefined;
  const matches = new Set<Checksum>();
  for await (const { type, checksum } of repo.objects.list()) {
    if (type === 'commit' && checksum.startsWith(text)) matches.add(checksum);
  }
  if (matches.size > 1) throw ambiguous(text, 'commits', [...matches]);
  return [...matches][0];
}

/** Candidates that an error lists. */
const MOST_CANDIDATES = 8;

/** The error for an abbreviation of several names. */
export function ambiguous(text: string, what: string, names: readonly string[]): TreeportError {
  const listed = names.toSorted().slice(0, MOST_CANDIDATES).join(', ');
  const rest = names.length > MOST_CANDIDATES ? ', …' : '';
  return new TreeportError(
    'ERR_REF_MISSING',
    `"${text}" is the beginning of ${names.length} ${what}: ${listed}${rest}; give more digits`,
  );
}

/** Reads, verifies and parses a commit; ERR_COMMIT_MISSING if the repository lacks it. */
export async function loadCommit(
  repo: Pick<Repository, 'objects' | 'path'>,
  checksum: Checksum,
): Promise<Commit> {
  try {
    return await loadCommitObject(repo.objects, checksum);
  } catch (error) {
    if (!isTreeportError(error, 'ERR_OBJECT_MISSING')) throw error;
    throw new TreeportError('ERR_COMMIT_MISSING', `no commit ${checksum} in repository ${repo.path}`, {
      cause: error,
    });
  }
}
