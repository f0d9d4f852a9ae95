/**
 * Keeps a ref from going back in time, as `ostree pull` does with its option timestamp-check: the imported
 * commit is compared with the commit that the ref names. Otherwise an attacker could replay an old, validly
 * signed image and bring back known vulnerabilities.
 */
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import { timestampText } from '../../base/timestamp.ts';
import { type Commit, parseCommit } from '../../ostree/commit.ts';
import { loadCommitObject } from '../../ostree/load.ts';
import { readRef } from '../../ostree/refs.ts';
import { openRepository, type Repository } from '../../ostree/repo/open.ts';
import type { CommitHead } from '../../tar/import-commit.ts';

export type RefTarget = {
  /** Path of the repository. */
  readonly repo: string;
  /** The local ref that the import sets; without it nothing is compared. */
  readonly writeRef?: string;
  /** Fail on an older commit; otherwise only `warn` is called. */
  readonly timestampCheck?: boolean;
  /** Receives one line per warning. */
  readonly warn?: (message: string) => void;
};

/**
 * ERR_COMMIT_OLDER if the check is on and the ref names a commit with a later timestamp. Equal timestamps
 * pass.
 */
export async function checkTimestamp(head: CommitHead, target: RefTarget): Promise<void> {
  const { repo: path, writeRef, timestampCheck = false, warn } = target;
  if (writeRef === undefined || (!timestampCheck && warn === undefined)) return;
  const current = await commitOfRef(await openRepository(path), writeRef);
  if (current === undefined) return;
  const { timestamp } = parseCommit(head.bytes);
  if (timestamp >= current.timestamp) return;
  const what = `commit ${head.commit} of ${timestampText(timestamp)} is older than the one that ref ${writeRef} names, of ${timestampText(current.timestamp)}`;
  if (timestampCheck)
    throw new TreeportError(
      'ERR_COMMIT_OLDER',
      `${what}; to go back on purpose, leave out --timestamp-check`,
    );
  warn?.(`${what}; --timestamp-check refuses that`);
}

/** Undefined if the ref does not exist or its commit is not in the repository. */
async function commitOfRef(repo: Repository, ref: string): Promise<Commit | undefined> {
  const checksum = await readRef(repo, 'refs/heads', ref);
  if (checksum === undefined) return undefined;
  try {
    return await loadCommitObject(repo.objects, checksum);
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING')) return undefined;
    throw error;
  }
}
