/**
 * Raw deflate (RFC 1951) of whole buffers by compressors that are used again and again: making one takes
 * 270 kB and as long as deflating a small file, and what they leave to the garbage collector slows
 * everything else. Work is done on Node's thread pool.
 *
 * Bytes are the same as those of a fresh compressor of the same level: entity tags promise it. Node's zlib
 * looks a little beyond the end of its input, where a reset leaves the bytes of earlier objects, so these are
 * overwritten with the zeros that a fresh compressor has.
 */
import { constants, createDeflateRaw, type DeflateRaw } from 'node:zlib';

const CHUNK_BYTES = 64 * 1024;
/** Up to this size a stored block is sent: compressing would save less than the headers of the answer take. */
const STORED_BYTES = 4096;
/** More than the window (two times 32 KiB) holds, wherever it stands. */
const ZEROS = Buffer.alloc(128 * 1024);

export class Deflater {
  readonly #level: number;
  readonly #idle: DeflateRaw[] = [];

  constructor(level: number) {
    this.#level = level;
  }

  /** One complete deflate stream, in parts. Callers bound how many run at once. */
  async deflate(bytes: Buffer): Promise<readonly Buffer[]> {
    if (bytes.length > 0 && bytes.length <= STORED_BYTES) return [storedHeader(bytes.length), bytes];
    const stream = this.#idle.pop() ?? createDeflateRaw({ level: this.#level, chunkSize: CHUNK_BYTES });
    const parts = await finish(stream, bytes);
    // Nobody has to wait for the cleaning; a compressor that cannot be cleaned is not used again.
    void this.#clean(stream).catch(() => {});
    return parts;
  }

  async #clean(stream: DeflateRaw): Promise<void> {
    stream.reset();
    await finish(stream, ZEROS);
    stream.reset();
    this.#idle.push(stream);
  }
}

/** The block header of RFC 1951 §3.2.4: final, stored, length and its complement. */
function storedHeader(length: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(1, 0);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(length ^ 0xffff, 3);
  return header;
}

function finish(stream: DeflateRaw, bytes: Buffer): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const collect = (part: Buffer) => parts.push(part);
    stream.on('data', collect).once('error', reject);
    stream.write(bytes);
    stream.flush(constants.Z_FINISH, () => {
      // What is still buffered comes out through the same listener.
      while (stream.read() !== null);
      stream.off('data', collect).off('error', reject);
      resolve(parts);
    });
  });
}
