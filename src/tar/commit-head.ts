/** Reads the commit of an ostree layer and no more: it stands in front, with its detached metadata behind it. */
import type { CommitHead } from './import-commit.ts';
import { inCommitOrder } from './object-order.ts';
import { readObjects, type TarMetadata } from './read-objects.ts';

/**
 * Reads the beginning of the stream and closes it. The commit has the checksum it is named by; what follows in the
 * stream is not looked at. ERR_TAR, ERR_TAR_OBJECT, ERR_OBJECT_CORRUPT.
 */
export async function readCommitHead(tar: AsyncIterable<Uint8Array>): Promise<CommitHead> {
  const head: { commit?: TarMetadata; detached?: Buffer } = {};
  for await (const object of inCommitOrder(readObjects(tar))) {
    if (object.kind === 'metadata' && object.type === 'commit') head.commit = object;
    else {
      if (object.kind === 'metadata' && object.type === 'commitmeta') head.detached = object.bytes;
      break;
    }
  }
  const { checksum, bytes } = head.commit as TarMetadata;
  return { commit: checksum, bytes, detached: head.detached };
}
