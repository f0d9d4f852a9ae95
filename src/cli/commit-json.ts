/** A commit as JSON, for `repo show` and `repo log`. */
import type { Checksum } from '../ostree/checksum.ts';
import { type Commit, contentChecksum } from '../ostree/commit.ts';
import { dictString } from '../ostree/metadata-dict.ts';

/** `timestamp`: seconds since 1970. */
export function commitJson(checksum: Checksum, commit: Commit) {
  return {
    commit: checksum,
    parent: commit.parent ?? null,
    contentChecksum: contentChecksum(commit),
    timestamp: Number(commit.timestamp),
    version: dictString(commit.metadata, 'version') ?? null,
    subject: commit.subject,
    body: commit.body,
  };
}
