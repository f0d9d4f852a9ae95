/**
 * Commit objects: `(a{sv} ay a(say) s s t ay ay)` = metadata, parent, related (always empty), subject,
 * body, timestamp (big-endian), root dirtree, root dirmeta. Its id is the SHA-256 of its bytes.
 */
import { createHash } from 'node:crypto';
import { type View, view, write } from '../gvariant/index.ts';
import { swap64 } from './byte-order.ts';
import { type Checksum, checksumFromBytes, checksumToBytes, finishChecksum } from './checksum.ts';
import { dictFromView, dictStrings, dictToValue, type MetadataDict } from './metadata-dict.ts';

export const COMMIT_TYPE = '(a{sv}aya(say)sstayay)';

export type Commit = {
  readonly metadata: MetadataDict;
  /** Undefined for a commit without history. */
  readonly parent: Checksum | undefined;
  readonly subject: string;
  readonly body: string;
  /** Seconds since 1970, UTC. */
  readonly timestamp: number;
  readonly rootTree: Checksum;
  readonly rootMeta: Checksum;
};

export function parseCommit(bytes: Uint8Array): Commit {
  return commitFromView(view(COMMIT_TYPE, bytes).check());
}

/**
 * A commit, possibly inside a larger variant such as a delta superblock. Subject and body are decoded lazily.
 */
export function commitFromView(commit: View): Commit {
  const checksum = (index: number) => checksumFromBytes(commit.child(index).bytes, 'a commit');
  return {
    metadata: dictFromView(commit.child(0)),
    parent: commit.child(1).bytes.length === 0 ? undefined : checksum(1),
    get subject() {
      return commit.child(3).value() as string;
    },
    get body() {
      return commit.child(4).value() as string;
    },
    timestamp: Number(swap64(commit.child(5).value() as bigint)),
    rootTree: checksum(6),
    rootMeta: checksum(7),
  };
}

export function serializeCommit(commit: Commit): Buffer {
  return write(COMMIT_TYPE, [
    dictToValue(commit.metadata),
    commit.parent === undefined ? Buffer.alloc(0) : checksumToBytes(commit.parent),
    [],
    commit.subject,
    commit.body,
    swap64(BigInt(commit.timestamp)),
    checksumToBytes(commit.rootTree),
    checksumToBytes(commit.rootMeta),
  ]);
}

/** The content checksum: equal for commits of equal trees, whatever their metadata. */
export function contentChecksum(commit: Commit): Checksum {
  const hash = createHash('sha256');
  hash.update(checksumToBytes(commit.rootTree)).update(checksumToBytes(commit.rootMeta));
  return finishChecksum(hash);
}

/**
 * The ref names a commit is bound to. Undefined: not bound, any name is valid. Empty: an orphan, which
 * clients pull by checksum only.
 */
export function refBinding(commit: Commit): readonly string[] | undefined {
  return dictStrings(commit.metadata, 'ostree.ref-binding');
}
