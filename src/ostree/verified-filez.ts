/**
 * Encodes a small object in memory: reads, verifies and deflates it (RFC 1951).
 *
 * The bytes depend on the input alone, because entity tags promise it. So every buffer gets a compressor of
 * its own: one that is reset still shows traces of what it compressed before.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync } from 'node:zlib';
import { collect } from '../base/bytes.ts';
import type { Checksum } from './checksum.ts';
import { hashedHeader } from './file-header.ts';
import { assembleFilez } from './filez.ts';
import { wrongChecksum } from './object-fault.ts';
import type { ContentObject } from './object-source.ts';
import { storedBlocks } from './stored-blocks.ts';

/**
 * Up to this size bytes are stored at every level: compression would save less than the response headers
 * take.
 */
export const STORED_BYTES = 4096;
/**
 * Up to this size (half a millisecond of work) the detour through the thread pool costs more than it saves.
 */
const SYNCHRONOUS_BYTES = 64 * 1024;

/**
 * Increment with every change that alters encoded bytes: which objects are stored, how blocks are cut, how a
 * compressor is set up. test/server/content/encoder.test.ts pins the bytes of this revision.
 */
const REVISION = 1;

/** The level of the canonical form, which a warm cache has. */
export const CANONICAL_LEVEL = 6;
/** Objects up to this size are encoded in memory, larger ones piece by piece. */
export const SMALL_OBJECT_BYTES: number = 1024 * 1024;

/** Everything the encoded bytes depend on besides the object; part of entity tags and of cache paths. */
export function encoderId(level: number): string {
  return `deflate${level}-r${REVISION}-${process.versions.zlib}-${process.arch}`;
}

const deflateOnPool = promisify(deflateRaw);

/** A complete deflate stream, in parts; level 0 stores. Callers bound the concurrency. */
export async function deflate(bytes: Buffer, level: number): Promise<readonly Buffer[]> {
  if (level === 0 || (bytes.length > 0 && bytes.length <= STORED_BYTES)) return storedBlocks(bytes);
  if (bytes.length <= SYNCHRONOUS_BYTES) return [deflateRawSync(bytes, { level })];
  return [await deflateOnPool(bytes, { level, chunkSize: bytes.length })];
}

/** The archive file of an object; ERR_OBJECT_CORRUPT unless its bytes give the id. */
export async function encodeVerifiedFilez(
  object: ContentObject,
  checksum: Checksum,
  level: number,
): Promise<Buffer> {
  const { header } = object;
  const bytes = await collect(object.stream());
  const actual = createHash('sha256').update(hashedHeader(header)).update(bytes).digest('hex');
  if (actual !== checksum) throw wrongChecksum(`${checksum}.file`, actual);
  return assembleFilez(header, bytes.length, await deflate(bytes, level));
}
