/**
 * Raw deflate (RFC 1951) of whole buffers. The bytes depend on the input alone: entity tags promise it. So every
 * buffer gets a compressor of its own; one that is reset still shows traces of what it compressed before.
 */
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync } from 'node:zlib';
import { storedBlocks } from '../../ostree/stored-blocks.ts';

/** Up to this size a stored block is sent at every level: compressing would save less than the headers of the answer take. */
const STORED_BYTES = 4096;
/** Up to this size, half a millisecond of work, the way over the thread pool costs more than it frees. */
const SYNCHRONOUS_BYTES = 64 * 1024;

const deflateOnPool = promisify(deflateRaw);

/** One complete deflate stream, in parts; level 0 stores. Callers bound how many run at once. */
export async function deflate(bytes: Buffer, level: number): Promise<readonly Buffer[]> {
  if (level === 0 || (bytes.length > 0 && bytes.length <= STORED_BYTES)) return storedBlocks(bytes);
  if (bytes.length <= SYNCHRONOUS_BYTES) return [deflateRawSync(bytes, { level })];
  return [await deflateOnPool(bytes, { level, chunkSize: bytes.length })];
}
