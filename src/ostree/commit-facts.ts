/** The facts about a commit that a summary lists, extracted so that thousands of commits fit into memory. */
import { isTreeportError } from '../base/errors.ts';
import type { Checksum } from './checksum.ts';
import { parseCommit, refBinding } from './commit.ts';
import { type FlatpakEntry, flatpakEntry } from './flatpak/cache.ts';
import { verifiedMetadata } from './load.ts';
import { dictString } from './metadata-dict.ts';
import { corruptObject } from './object-fault.ts';
import type { ObjectSource } from './object-source.ts';

export type CommitFacts = {
  readonly commit: Checksum;
  /** Bytes of the commit object. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly parent: Checksum | undefined;
  readonly version: string | undefined;
  /** As {@link refBinding} gives it. */
  readonly binding: readonly string[] | undefined;
  /** Set for flatpak apps and runtimes. */
  readonly flatpak: FlatpakEntry | undefined;
};

/** Reads and verifies a commit. Errors of an ObjectSource, and ERR_OBJECT_CORRUPT. */
export async function loadCommitFacts(source: ObjectSource, commit: Checksum): Promise<CommitFacts> {
  const bytes = await verifiedMetadata(source, 'commit', commit);
  try {
    const parsed = parseCommit(bytes);
    return {
      commit,
      size: bytes.length,
      timestamp: parsed.timestamp,
      parent: parsed.parent,
      version: dictString(parsed.metadata, 'version'),
      binding: refBinding(parsed),
      flatpak: flatpakEntry(parsed.metadata),
    };
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw corruptObject(`${commit}.commit`, error.message, error);
  }
}

/** True if `one` is newer than `other`: a later timestamp, or the same and `other` as its parent. */
export function isNewer(one: CommitFacts, other: CommitFacts): boolean {
  if (one.timestamp !== other.timestamp) return one.timestamp > other.timestamp;
  return one.parent === other.commit;
}
