/** Reads only the commit of an ostree layer: it comes first, followed by its detached metadata. */
import type { CommitHead } from './import-commit.ts';
import { inCommitOrder } from './object-order.ts';
import { readObjects, type TarMetadata } from './read-objects.ts';

/**
 * Reads the start of the stream and closes it. The commit is verified against its name; the rest of the
 * stream is not read. ERR_TAR, ERR_TAR_OBJECT, ERR_OBJECT_CORRUPT.
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
