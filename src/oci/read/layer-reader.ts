/** Reads the tar of a layer, verified twice: the blob by its digest, the tar by its diff-id. */
import { messageOf, TreeportError } from '../../base/errors.ts';
import type { Descriptor, Digest } from '../model/descriptor.ts';
import * as mediaTypes from '../model/media-types.ts';
import type { BlobSource } from './blob-store.ts';
import { decompress } from './decompress.ts';
import { readBlob, verifyDigest } from './verified-blob.ts';

const LAYER_TYPES: readonly string[] = [
  mediaTypes.MEDIA_TYPE_LAYER,
  mediaTypes.MEDIA_TYPE_LAYER_GZIP,
  mediaTypes.MEDIA_TYPE_LAYER_ZSTD,
  mediaTypes.MEDIA_TYPE_DOCKER_LAYER,
  mediaTypes.MEDIA_TYPE_DOCKER_LAYER_GZIP,
];
/** Is called with the number of bytes of each piece of a blob that was read. */
export type OnBytes = (bytes: number) => void;

/** The tar must give one of the diff-ids. ERR_IMAGE_UNSUPPORTED if the media type is not a layer's; else ERR_BLOB_MISSING and ERR_BLOB_CORRUPT as for blobs. */
export async function* readLayer(
  source: BlobSource,
  layer: Descriptor,
  diffIds: readonly Digest[],
  onBytes: OnBytes = () => {},
): AsyncGenerator<Buffer> {
  if (!LAYER_TYPES.includes(layer.mediaType)) {
    const message = `layer ${layer.digest} is of the unknown type ${layer.mediaType}`;
    throw new TreeportError('ERR_IMAGE_UNSUPPORTED', message);
  }
  const corrupt = (reason: string, cause?: unknown) =>
    new TreeportError('ERR_BLOB_CORRUPT', `layer ${layer.digest} in ${source.path} is corrupt: ${reason}`, {
      cause,
    });
  try {
    const tar = decompress(counted(readBlob(source, layer), onBytes));
    const says = [...new Set(diffIds)].join(' or ');
    yield* verifyDigest(tar, diffIds, (found) => corrupt(`its tar gives ${found}, the config says ${says}`));
  } catch (error) {
    throw error instanceof TreeportError
      ? error
      : corrupt(`it does not decompress: ${messageOf(error)}`, error);
  }
}

async function* counted(blob: AsyncIterable<Buffer>, onBytes: OnBytes): AsyncGenerator<Buffer> {
  for await (const piece of blob) {
    onBytes(piece.length);
    yield piece;
  }
}
