/** A content object as the stream whose SHA-256 is its id: header, then file bytes. */
import { TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { hashedHeader, isSymlink } from '../../ostree/file-header.ts';
import type { ContentObject } from '../../ostree/object-source.ts';

export type HashedStream = {
  readonly length: number;
  /** Exactly `length` bytes; ERR_OBJECT_CORRUPT if the object's stream has more or less than its size. */
  readonly pieces: AsyncIterable<Uint8Array>;
};

export function hashedStream(checksum: Checksum, object: ContentObject): HashedStream {
  const header = hashedHeader(object.header);
  return { length: header.length + object.size, pieces: pieces(header, checksum, object) };
}

async function* pieces(
  header: Buffer,
  checksum: Checksum,
  object: ContentObject,
): AsyncGenerator<Uint8Array> {
  yield header;
  if (isSymlink(object.header)) return;
  let size = 0;
  for await (const piece of object.stream()) {
    size += piece.length;
    if (size > object.size) break;
    yield piece;
  }
  if (size === object.size) return;
  const amount = size > object.size ? 'more' : `${size}`;
  throw new TreeportError(
    'ERR_OBJECT_CORRUPT',
    `object ${checksum}.file has ${amount} bytes instead of ${object.size}`,
  );
}
