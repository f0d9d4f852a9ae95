/**
 * Encodes objects as archive files: reads, verifies and deflates them (RFC 1951), small ones in memory.
 *
 * The bytes depend on the input alone, because entity tags promise it. So every buffer gets a compressor of
 * its own: one that is reset still shows traces of what it compressed before.
 */
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync } from 'node:zlib';
import { freeNow } from '../base/bytes.ts';
import type { Checksum } from './checksum.ts';
import { archiveHeader, isSymlink } from './file-header.ts';
import { assembleFilez, encodeFilez } from './filez.ts';
import { corruptObject } from './object-fault.ts';
import type { ContentObject } from './object-source.ts';
import { quickDeflate } from './quick-deflate.ts';
import { headersLength, storedBlocks, storeInPlace } from './stored-blocks.ts';
import { fileDigest, requireFileDigest, verifiedStream } from './verify.ts';

/** Of zlib; 0 stores. `quick` is an encoder of ours, for objects in memory only (quick-deflate.ts). */
export type Level = number | 'quick';

/**
 * Up to this size bytes are stored at every level: compression would save less than the response headers
 * take.
 */
export const STORED_BYTES = 4096;
/**
 * Up to this size (half a millisecond of work) the detour through the thread pool costs more than it saves.
 */
const SYNCHRONOUS_BYTES = 64 * 1024;
/** Node's least size of an output buffer, and some more. */
const LEAST_CHUNK = 1024;

/**
 * Increment with every change that alters encoded bytes: which objects are stored, how blocks are cut, how a
 * compressor is set up. test/server/content/encoder.test.ts pins the bytes of this revision.
 */
const REVISION = 1;
/** Of `quick`, whose bytes depend on no library and no machine. */
const QUICK_REVISION = 1;

/** The level of the canonical form, which a warm cache has. */
export const CANONICAL_LEVEL = 6;
/** Objects up to this size are encoded in memory, larger ones piece by piece. */
export const SMALL_OBJECT_BYTES: number = 1024 * 1024;

/** Everything the encoded bytes depend on besides the object; part of entity tags and of cache paths. */
export function encoderId(level: Level): string {
  if (level === 'quick') return `quick-r${QUICK_REVISION}`;
  return `deflate${level}-r${REVISION}-${process.versions.zlib}-${process.arch}`;
}

const deflateOnPool = promisify(deflateRaw);

/** A complete deflate stream, in parts; level 0 stores. Callers bound the concurrency. */
export async function deflate(bytes: Buffer, level: number): Promise<readonly Buffer[]> {
  if (isStored(bytes.length, level)) return storedBlocks(bytes);
  const chunkSize = Math.max(LEAST_CHUNK, bytes.length);
  if (bytes.length <= SYNCHRONOUS_BYTES) return [deflateRawSync(bytes, { level, chunkSize })];
  return [await deflateOnPool(bytes, { level, chunkSize })];
}

function isStored(size: number, level: Level): boolean {
  return level === 0 || (size > 0 && size <= STORED_BYTES);
}

/** The archive file of an object; ERR_OBJECT_CORRUPT unless its bytes give the id. */
export async function encodeVerifiedFilez(
  object: ContentObject,
  checksum: Checksum,
  level: Level,
): Promise<Buffer> {
  const { header, size } = object;
  if (isSymlink(header)) {
    await readVerified(object, checksum, Buffer.alloc(0));
    return archiveHeader(header, size);
  }
  if (isStored(size, level)) return encodeStored(object, checksum);
  const bytes = Buffer.allocUnsafeSlow(size);
  await readVerified(object, checksum, bytes);
  const deflated = level === 'quick' ? [] : await deflate(bytes, level);
  const filez = assembleFilez(header, size, level === 'quick' ? [quickDeflate(bytes)] : deflated);
  // Left to the collector, they make it mark the heap after every few dozen objects.
  for (const dead of [bytes, ...deflated]) freeNow(dead);
  return filez;
}

/** The archive file of a large object, piece by piece; ERR_OBJECT_CORRUPT at its end, as above. */
export function streamVerifiedFilez(
  object: ContentObject,
  checksum: Checksum,
  level: number,
): AsyncGenerator<Buffer> {
  return encodeFilez({ ...object, stream: () => verifiedStream(object, checksum) }, level);
}

/** Reads the object to where it is sent from, because copies would be much of a server's garbage. */
async function encodeStored(object: ContentObject, checksum: Checksum): Promise<Buffer> {
  const { header, size } = object;
  const prefix = archiveHeader(header, size);
  const start = prefix.length + headersLength(size);
  const filez = Buffer.allocUnsafeSlow(start + size);
  prefix.copy(filez);
  await readVerified(object, checksum, filez.subarray(start));
  storeInPlace(filez.subarray(prefix.length), headersLength(size), { isLast: true });
  return filez;
}

/** Fills `room` with the object's bytes; ERR_OBJECT_CORRUPT unless they give the id and have its size. */
async function readVerified(object: ContentObject, checksum: Checksum, room: Buffer): Promise<void> {
  const size = room.length;
  const digest = fileDigest(object.header);
  let length = 0;
  for await (const piece of object.stream(room)) {
    digest.update(piece);
    const isThere = piece.buffer === room.buffer && piece.byteOffset === room.byteOffset + length;
    if (!isThere) room.set(piece.subarray(0, Math.max(0, size - length)), Math.min(length, size));
    length += piece.length;
  }
  requireFileDigest(digest, checksum);
  if (length !== size) throw corruptObject(`${checksum}.file`, `it has ${length} bytes instead of ${size}`);
}
