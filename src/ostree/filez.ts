/**
 * Encodes content objects as archive files (`.filez`): header and raw deflate. The layout is described
 * in file-header.ts, the reading side is repo/archive.ts.
 */
import { pipeline, Readable } from 'node:stream';
import { createDeflateRaw, deflateRawSync } from 'node:zlib';
import { archiveHeader, type FileHeader, isSymlink } from './file-header.ts';
import type { ContentObject } from './object-source.ts';
import { storedStream } from './stored-blocks.ts';

/** libostree's own default. */
export const DEFAULT_FILEZ_LEVEL = 6;

/** Encodes an object whose bytes are in memory. */
export function encodeSmallFilez(
  header: FileHeader,
  bytes: Uint8Array,
  level: number = DEFAULT_FILEZ_LEVEL,
): Buffer {
  return assembleFilez(header, bytes.length, isSymlink(header) ? [] : [deflateRawSync(bytes, { level })]);
}

/** Assembles the archive file of an object of `size` bytes from raw deflate data; a symlink has no body. */
export function assembleFilez(header: FileHeader, size: number, deflated: readonly Uint8Array[]): Buffer {
  const prefix = archiveHeader(header, size);
  return isSymlink(header) ? prefix : Buffer.concat([prefix, ...deflated]);
}

/** Encodes piece by piece; level 0 stores. Errors of the object's stream pass through. */
export async function* encodeFilez(
  object: ContentObject,
  level: number = DEFAULT_FILEZ_LEVEL,
): AsyncGenerator<Buffer> {
  yield archiveHeader(object.header, object.size);
  if (isSymlink(object.header)) return;
  if (level === 0) {
    yield* storedStream(object.stream());
    return;
  }
  const output = createDeflateRaw({ level, chunkSize: 64 * 1024 });
  // The error reaches the consumer through `output`, which pipeline destroys with it.
  pipeline(Readable.from(object.stream(), { objectMode: false }), output, () => {});
  for await (const piece of output) yield piece;
}
