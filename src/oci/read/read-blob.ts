/**
 * Reads blobs and layers, verified while they stream: a blob by its size and digest, the tar of a layer by
 * its diff-id as well. The digest is known only at the end, so a caller may rely on the bytes only when the
 * stream has ended.
 */
import { createHash } from 'node:crypto';
import { collect } from '../../base/bytes.ts';
import { messageOf, TreeportError } from '../../base/errors.ts';
import type { Descriptor, Digest } from '../model/descriptor.ts';
import * as mediaTypes from '../model/media-types.ts';
import type { BlobSource } from './blob-store.ts';
import { decompress, decompressInPlace } from './decompress.ts';

const LAYER_TYPES: readonly string[] = [
  mediaTypes.MEDIA_TYPE_LAYER,
  mediaTypes.MEDIA_TYPE_LAYER_GZIP,
  mediaTypes.MEDIA_TYPE_LAYER_ZSTD,
  mediaTypes.MEDIA_TYPE_DOCKER_LAYER,
  mediaTypes.MEDIA_TYPE_DOCKER_LAYER_GZIP,
];

/** Receives the number of bytes of each piece of a blob. */
export type OnBytes = (bytes: number) => void;

export type ReadLayerOptions = {
  readonly onBytes?: OnBytes | undefined;
  /** A piece lasts until the next is requested; this takes less memory. */
  readonly inPlace?: boolean;
};

/**
 * The bytes of a blob. ERR_BLOB_MISSING; ERR_BLOB_CORRUPT, at the end at the latest, if they do not match the
 * descriptor.
 */
export async function* readBlob(blobs: BlobSource, descriptor: Descriptor): AsyncGenerator<Buffer> {
  const { digest, size } = descriptor;
  const corrupt = (reason: string) =>
    new TreeportError('ERR_BLOB_CORRUPT', `blob ${digest} in ${blobs.path} is corrupt: ${reason}`);
  const tooLong = () => corrupt(`it has more than the ${size} bytes that its descriptor says`);
  const bytes = upTo(size, blobs.blob(descriptor), tooLong);
  yield* verifyDigest(bytes, [digest], (found) => corrupt(`its bytes give ${found}`));
}

/** A whole small blob. `what` names it in ERR_JSON, thrown if it is larger than 4 MiB. */
export async function readSmallBlob(
  blobs: BlobSource,
  descriptor: Descriptor,
  what: string,
): Promise<Buffer> {
  if (descriptor.size > mediaTypes.MAX_JSON_SIZE) {
    throw new TreeportError(
      'ERR_JSON',
      `${what} is ${descriptor.size} bytes, more than ${mediaTypes.MAX_JSON_SIZE}`,
    );
  }
  return collect(readBlob(blobs, descriptor));
}

/**
 * The tar of a layer, which must match one of the diff-ids. ERR_IMAGE_UNSUPPORTED if the media type is not a
 * layer's; ERR_BLOB_MISSING and ERR_BLOB_CORRUPT as for blobs.
 */
export async function* readLayer(
  blobs: BlobSource,
  layer: Descriptor,
  diffIds: readonly Digest[],
  { onBytes = () => {}, inPlace = false }: ReadLayerOptions = {},
): AsyncGenerator<Buffer> {
  if (!LAYER_TYPES.includes(layer.mediaType)) {
    const message = `layer ${layer.digest} is of the unknown type ${layer.mediaType}`;
    throw new TreeportError('ERR_IMAGE_UNSUPPORTED', message);
  }
  const corrupt = (reason: string, cause?: unknown) =>
    new TreeportError('ERR_BLOB_CORRUPT', `layer ${layer.digest} in ${blobs.path} is corrupt: ${reason}`, {
      cause,
    });
  try {
    const tar = (inPlace ? decompressInPlace : decompress)(counted(readBlob(blobs, layer), onBytes));
    const says = [...new Set(diffIds)].join(' or ');
    yield* verifyDigest(tar, diffIds, (found) => corrupt(`its tar gives ${found}, the config says ${says}`));
  } catch (error) {
    throw error instanceof TreeportError
      ? error
      : corrupt(`it does not decompress: ${messageOf(error)}`, error);
  }
}

/**
 * Passes the bytes through; throws the error that `fault` makes if the digest at the end is none of
 * `digests`.
 */
async function* verifyDigest<T extends Uint8Array>(
  bytes: AsyncIterable<T>,
  digests: readonly Digest[],
  fault: (found: Digest) => Error,
): AsyncGenerator<T> {
  const hash = createHash('sha256');
  for await (const piece of bytes) {
    hash.update(piece);
    yield piece;
  }
  const found: Digest = `sha256:${hash.digest('hex')}`;
  if (!digests.includes(found)) throw fault(found);
}

/** Passes at most `size` bytes through, because a remote blob may never end. */
async function* upTo(
  size: number,
  bytes: AsyncIterable<Buffer>,
  tooLong: () => Error,
): AsyncGenerator<Buffer> {
  let count = 0;
  for await (const piece of bytes) {
    count += piece.length;
    if (count > size) throw tooLong();
    yield piece;
  }
}

async function* counted(blob: AsyncIterable<Buffer>, onBytes: OnBytes): AsyncGenerator<Buffer> {
  for await (const piece of blob) {
    onBytes(piece.length);
    yield piece;
  }
}
