/**
 * Raw deflate (RFC 1951) of whole buffers. The bytes depend on the input alone: entity tags promise it. So every
 * buffer gets a compressor of its own; one that is reset still shows traces of what it compressed before.
 */
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync } from 'node:zlib';

/** Up to this size a stored block is sent: compressing would save less than the headers of the answer take. */
const STORED_BYTES = 4096;
/** Up to this size, half a millisecond of work, the way over the thread pool costs more than it frees. */
const SYNCHRONOUS_BYTES = 64 * 1024;

const deflateOnPool = promisify(deflateRaw);

/** One complete deflate stream, in parts. Callers bound how many run at once. */
export async function deflate(bytes: Buffer, level: number): Promise<readonly Buffer[]> {
  if (bytes.length > 0 && bytes.length <= STORED_BYTES) return [storedHeader(bytes.length), bytes];
  if (bytes.length <= SYNCHRONOUS_BYTES) return [deflateRawSync(bytes, { level })];
  return [await deflateOnPool(bytes, { level, chunkSize: bytes.length })];
}

/** The block header of RFC 1951 §3.2.4: final, stored, length and its complement. */
function storedHeader(length: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(1, 0);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(length ^ 0xffff, 3);
  return header;
}
