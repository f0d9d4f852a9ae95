/** Imports a component layer: content objects of a commit that is already known. */
import type { Checksum } from '../ostree/checksum.ts';
import { formatObjectName } from '../ostree/object-name.ts';
import type { NameSet } from '../ostree/object-names.ts';
import type { ObjectSink } from '../ostree/object-sink.ts';
import { checkNoStray } from './needed-objects.ts';
import { inChunkOrder } from './object-order.ts';
import { ObjectPositions } from './object-positions.ts';
import { readObjects } from './read-objects.ts';

export type ImportChunkOptions = {
  /** Names of the objects that the commit needs. */
  readonly needed: NameSet;
  /** Names the stream in messages. */
  readonly where: string;
  /** Aborts the import with its reason. */
  readonly signal?: AbortSignal;
};

/**
 * Writes the objects of the stream and returns their ids. Throws ERR_OBJECT_STRAY at the first that does not
 * belong to the commit, ERR_TAR, ERR_TAR_OBJECT, and the faults of the sink; with the byte at which the
 * object's entry begins.
 */
export async function importChunk(
  tar: AsyncIterable<Uint8Array>,
  sink: ObjectSink,
  { needed, where, signal }: ImportChunkOptions,
): Promise<readonly Checksum[]> {
  const arrived: Checksum[] = [];
  const positions = new ObjectPositions();
  try {
    for await (const found of inChunkOrder(readObjects(tar, { verify: false }))) {
      signal?.throwIfAborted();
      positions.note(found.checksum, found.header);
      checkNoStray(needed, [formatObjectName({ type: 'file', checksum: found.checksum })], where);
      arrived.push(found.checksum);
      await sink.content(found.checksum, found.object);
    }
    await sink.settle();
    return arrived;
  } catch (error) {
    throw positions.placed(error);
  }
}
