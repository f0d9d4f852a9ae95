/** Verifies objects against their ids. */
import { createHash, type Hash } from 'node:crypto';
import { collectSized } from '../base/bytes.ts';
import { type Checksum, checksumOf, finishChecksum } from './checksum.ts';
import { type FileHeader, hashedHeader } from './file-header.ts';
import { wrongChecksum } from './object-fault.ts';
import { formatObjectName, isHashedMetadata, type MetadataType } from './object-name.ts';
import type { ContentObject, ContentReader, OpenedContent } from './object-source.ts';

/** A SHA-256 that has got what precedes the bytes of a content object in its id. */
export function fileDigest(header: FileHeader): Hash {
  return createHash('sha256').update(hashedHeader(header));
}

/** Ends a {@link fileDigest} that got the bytes; throws ERR_OBJECT_CORRUPT unless it gives the id. */
export function requireFileDigest(digest: Hash, checksum: Checksum): void {
  const actual = finishChecksum(digest);
  if (actual !== checksum) throw wrongChecksum(formatObjectName({ type: 'file', checksum }), actual);
}

/** The id of a content object; reads all its bytes. */
export async function fileChecksum(object: ContentObject): Promise<Checksum> {
  const digest = fileDigest(object.header);
  for await (const piece of object.stream()) digest.update(piece);
  return finishChecksum(digest);
}

/** Reads a content object to its end; throws ERR_OBJECT_CORRUPT unless its bytes match the id. */
export async function verifyContent(object: ContentObject, checksum: Checksum): Promise<void> {
  const actual = await fileChecksum(object);
  if (actual !== checksum) throw wrongChecksum(formatObjectName({ type: 'file', checksum }), actual);
}

/** One for each thread. */
const reusedPiece = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * Like {@link verifyContent} for an object of `source`, with as little memory as possible. Blocks, so it is
 * for threads that do nothing else.
 */
export async function verifyInPlace(source: ContentReader, checksum: Checksum): Promise<void> {
  const opened = source.openContent?.(checksum);
  if (opened !== undefined) return verifyOpened(opened, checksum);
  const object = await source.content(checksum);
  if (object.readInPlace === undefined) return verifyContent(object, checksum);
  const digest = fileDigest(object.header);
  await object.readInPlace((piece) => digest.update(piece));
  requireFileDigest(digest, checksum);
}

function verifyOpened(opened: OpenedContent, checksum: Checksum): void {
  try {
    const digest = fileDigest(opened.header);
    for (let length = opened.read(reusedPiece); length > 0; length = opened.read(reusedPiece)) {
      digest.update(reusedPiece.subarray(0, length));
      if (length < reusedPiece.length) break;
    }
    requireFileDigest(digest, checksum);
  } finally {
    opened.close();
  }
}

/** The bytes of a content object of `source`; ERR_OBJECT_CORRUPT unless they match the id. */
export async function verifiedBytes(source: ContentReader, checksum: Checksum): Promise<Buffer> {
  const opened = source.openContent?.(checksum);
  if (opened === undefined) {
    const object = await source.content(checksum);
    return collectSized(verifiedStream(object, checksum), object.size);
  }
  try {
    const bytes = Buffer.allocUnsafeSlow(opened.size);
    const read = bytes.subarray(0, opened.read(bytes));
    requireFileDigest(fileDigest(opened.header).update(read), checksum);
    return read;
  } finally {
    opened.close();
  }
}

/** Throws ERR_OBJECT_CORRUPT unless the bytes match the id. Detached metadata has no checksum to check. */
export function verifyMetadata(type: MetadataType, checksum: Checksum, bytes: Uint8Array): void {
  if (!isHashedMetadata(type)) return;
  const actual = checksumOf(bytes);
  if (actual !== checksum) throw wrongChecksum(formatObjectName({ type, checksum }), actual);
}

/**
 * Passes a content object's bytes through and throws ERR_OBJECT_CORRUPT at the end if they do not match the
 * id. `memory` is passed on to the object.
 */
export async function* verifiedStream(
  object: ContentObject,
  checksum: Checksum,
  memory?: Buffer,
): AsyncGenerator<Uint8Array> {
  const digest = fileDigest(object.header);
  for await (const piece of object.stream(memory)) {
    digest.update(piece);
    yield piece;
  }
  requireFileDigest(digest, checksum);
}
