/** The histories of a repository's refs, as far back as their commits are complete. */
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { Commit } from '../../ostree/commit.ts';
import { dictString } from '../../ostree/metadata-dict.ts';
import { isPartial } from '../../ostree/partial.ts';
import { listHeads } from '../../ostree/refs.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { loadCommit } from '../../ostree/revision.ts';
import type { HistoryCommit, RefHistory } from './wanted.ts';

const VERSION = 'version';

/** Damaged refs are left out, and refs whose own commit is missing or partial have no commits. */
export async function readHistories(repo: Repository): Promise<readonly RefHistory[]> {
  const histories: RefHistory[] = [];
  for (const [ref, tip] of await listHeads(repo, { onDamaged: () => {} }))
    histories.push({ ref, commits: await readHistory(repo, tip) });
  return histories;
}

/**
 * The complete ones among the first `depth` commits from `tip` backwards, of all unless given; none if `tip`
 * itself is missing or partial.
 */
export async function readHistory(
  repo: Repository,
  tip: Checksum,
  depth: number = Number.POSITIVE_INFINITY,
): Promise<readonly HistoryCommit[]> {
  const commits: HistoryCommit[] = [];
  let next: Checksum | undefined = tip;
  for (let read = 0; next !== undefined && read < depth; read++) {
    const commit: Commit | undefined = await commitIfThere(repo, next);
    if (commit === undefined) break;
    const isUsable = !isPartial(repo, next);
    if (!isUsable && commits.length === 0) break;
    if (isUsable) commits.push({ checksum: next, version: dictString(commit.metadata, VERSION) });
    next = commit.parent;
  }
  return commits;
}

async function commitIfThere(repo: Repository, checksum: Checksum): Promise<Commit | undefined> {
  try {
    return await loadCommit(repo, checksum);
  } catch (error) {
    if (isTreeportError(error, 'ERR_COMMIT_MISSING')) return undefined;
    throw error;
  }
}
