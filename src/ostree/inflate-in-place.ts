/**
 * Inflates like inflate.ts, for consumers that keep nothing: memory is freed or used again at once. Left to
 * the garbage collector, dead buffers of a thread that inflates one object after another take tens of MB.
 */
import { once } from 'node:events';
import { createInflateRaw, type InflateRaw } from 'node:zlib';
import { freeNow } from '../base/bytes.ts';
import { checkEnd, inflateFault, inflateOnce } from './inflate.ts';
import { corruptObject } from './object-fault.ts';

/** Gets bytes that are freed when it returns. */
export type Take = (piece: Uint8Array) => void;

/** Buffers of at least this size are not part of Node's pool, so that they can be freed. */
const LEAST_OWN_BYTES = Buffer.poolSize >>> 1;
/** Not the size of the pool, whose memory freeNow leaves alone. */
const CHUNK_BYTES = 2 * Buffer.poolSize;

/** Inflates in one call. */
export function inflateSmallInPlace(bytes: Uint8Array, size: number, name: string, take: Take): void {
  const buffer = inflateOnce(bytes, { size, name, leastChunk: LEAST_OWN_BYTES });
  take(buffer);
  freeNow(buffer);
}

/** Inflates a stream, each of whose pieces may overwrite the one before. */
export async function inflateInPlace(
  pieces: Iterable<Uint8Array>,
  size: number,
  name: string,
  take: Take,
): Promise<void> {
  const engine = createInflateRaw({ chunkSize: CHUNK_BYTES });
  const count = { input: 0, output: 0 };
  // Errors are thrown by the calls below.
  engine.on('error', () => {});
  engine.on('data', (piece: Buffer) => {
    count.output += piece.length;
    if (count.output <= size) take(piece);
    // The engine fills a buffer with several pieces. After the last it takes another buffer.
    if (piece.byteOffset + piece.length === piece.buffer.byteLength) freeNow(piece);
  });
  try {
    for (const piece of pieces) {
      count.input += piece.length;
      if (!engine.readableEnded) await write(engine, piece);
      if (count.output > size) throw corruptObject(name, `more than the announced ${size} bytes come out`);
    }
    if (!engine.readableEnded) {
      const ended = once(engine, 'end');
      engine.end();
      await ended;
    }
  } catch (error) {
    throw inflateFault(error, name);
  } finally {
    engine.destroy();
  }
  checkEnd(name, { consumed: engine.bytesWritten, input: count.input, output: count.output, size });
}

/** Resolves when the engine has consumed the bytes or ended; at its end it may not call back. */
function write(engine: InflateRaw, piece: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ended = () => resolve();
  engine.once('end', ended);
  engine.once('error', reject);
  engine.write(piece, (error) => (error ? reject(error) : resolve()));
  return promise.finally(() => {
    engine.off('end', ended);
    engine.off('error', reject);
  });
}
