/** Reads blobs with their size and digest verified while they stream. */
import { createHash } from 'node:crypto';
import { collect } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import type { Descriptor, Digest } from '../model/descriptor.ts';
import { MAX_JSON_SIZE } from '../model/media-types.ts';
import type { BlobSource } from './blob-store.ts';

/**
 * The bytes of a blob. ERR_BLOB_MISSING, and ERR_BLOB_CORRUPT at the end (or before the first byte) if they are not
 * what the descriptor says: only a stream that has ended may be believed.
 */
export async function* readBlob(source: BlobSource, descriptor: Descriptor): AsyncGenerator<Buffer> {
  const { digest, size } = descriptor;
  const corrupt = (reason: string) =>
    new TreeportError('ERR_BLOB_CORRUPT', `blob ${digest} in ${source.path} is corrupt: ${reason}`);
  const tooLong = () => corrupt(`it has more than the ${size} bytes that its descriptor says`);
  const bytes = upTo(size, source.blob(descriptor), tooLong);
  yield* verifyDigest(bytes, [digest], (found) => corrupt(`its bytes give ${found}`));
}

/** A small blob, whole. `what` names it if it is larger than 4 MiB (ERR_JSON). */
export async function readSmallBlob(
  source: BlobSource,
  descriptor: Descriptor,
  what: string,
): Promise<Buffer> {
  if (descriptor.size > MAX_JSON_SIZE) {
    throw new TreeportError('ERR_JSON', `${what} is ${descriptor.size} bytes, more than ${MAX_JSON_SIZE}`);
  }
  return collect(readBlob(source, descriptor));
}

/** Passes the bytes through; throws what `fault` makes if they give none of `digests` at the end. */
export async function* verifyDigest<T extends Uint8Array>(
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

/** Passes at most `size` bytes through: what comes from afar may never end. */
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
