/**
 * Reads the commits, dirtrees and dirmetas of a snapshot into a temporary repository, verified: the layers of
 * metadata alone, which are small, and the ostree layer.
 */
import { join } from 'node:path';
import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { ArchiveWriter } from '../ostree/repo/archive-writer.ts';
import { openRepository } from '../ostree/repo/open.ts';
import { verifyMetadata } from '../ostree/verify.ts';
import { withEmptyDirtree } from '../tar/empty-dirtree.ts';
import { layerDescriptor, type Snapshot } from './open.ts';
import { readObjectLayer } from './read-layer.ts';

/** Calls `work` with a source of the metadata. */
export async function readMetadata<T>(
  { image, layers }: Snapshot,
  work: (source: ObjectSource) => Promise<T>,
): Promise<T> {
  return withTemporaryDirectory(async (directory) => {
    const writer = await ArchiveWriter.create(join(directory, 'metadata'));
    for (const layer of layers) {
      if (!layer.objects.some(({ type, isDead }) => type !== 'file' && !isDead)) continue;
      const tar = image.layer(layerDescriptor(image, layer));
      for await (const object of readObjectLayer(layer.kind, tar)) {
        if (object.kind !== 'metadata' || object.type === 'commitmeta') continue;
        verifyMetadata(object.type, object.checksum, object.bytes);
        await writer.metadata(object.type, object.bytes);
      }
    }
    return work(withEmptyDirtree((await openRepository(writer.path)).objects));
  });
}
