/**
 * Inflates like inflate.ts, for consumers that keep nothing: memory is freed or used again at once. Left to
 * the garbage collector, dead buffers of a thread that inflates one object after another take tens of MB. The
 * same holds for engines: a finished one outlives the young generation, so that of whole objects is reset and
 * used for the next one.
 */
import { once } from 'node:events';
import { constants, createInflateRaw, type InflateRaw } from 'node:zlib';
import { freeNow } from '../base/bytes.ts';
import { checkEnd, inflateFault } from './inflate.ts';
import { corruptObject } from './object-fault.ts';

/** Gets bytes that are freed when it returns. */
export type Take = (piece: Uint8Array) => void;

/** Most objects are smaller. Not the size of Node's pool, whose memory freeNow leaves alone. */
const CHUNK_BYTES = 128 * 1024;

/** Of this thread; as many as objects that it inflates at once. */
const idle: WholeInflater[] = [];

/** Inflates an object of which all bytes are there. */
export async function inflateWholeInPlace(
  bytes: Uint8Array,
  size: number,
  name: string,
  take: Take,
): Promise<void> {
  const inflater = idle.pop() ?? new WholeInflater();
  const { consumed, output } = await inflater.inflate(bytes, { size, name, take });
  checkEnd(name, { consumed, input: bytes.length, output, size });
  inflater.reset();
  idle.push(inflater);
}

type Inflating = { readonly size: number; readonly name: string; readonly take: Take };

/** Not to be used again after an error. */
class WholeInflater {
  /** Each write is a whole stream, so zlib reports one that is cut off. */
  readonly #engine = createInflateRaw({ chunkSize: CHUNK_BYTES, flush: constants.Z_FINISH });
  #current: Inflating | undefined;
  #output = 0;

  constructor() {
    // Errors are thrown by `inflate`.
    this.#engine.on('error', () => {});
    this.#engine.on('data', (piece: Buffer) => this.#pass(piece));
  }

  /** Returns how many bytes were consumed, and came out. */
  async inflate(bytes: Uint8Array, current: Inflating): Promise<{ consumed: number; output: number }> {
    const before = this.#engine.bytesWritten;
    this.#current = current;
    this.#output = 0;
    try {
      await write(this.#engine, bytes);
    } catch (error) {
      throw inflateFault(error, current.name);
    } finally {
      this.#current = undefined;
    }
    if (this.#output > current.size) throw tooMuch(current);
    return { consumed: this.#engine.bytesWritten - before, output: this.#output };
  }

  reset(): void {
    this.#engine.reset();
  }

  #pass(piece: Buffer): void {
    this.#output += piece.length;
    if (this.#current !== undefined && this.#output <= this.#current.size) this.#current.take(piece);
    else this.#engine.destroy();
    freeAtEnd(piece);
  }
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
    freeAtEnd(piece);
  });
  try {
    for (const piece of pieces) {
      count.input += piece.length;
      if (!engine.readableEnded) await write(engine, piece);
      if (count.output > size) throw tooMuch({ size, name });
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

function tooMuch({ size, name }: Pick<Inflating, 'size' | 'name'>): Error {
  return corruptObject(name, `more than the announced ${size} bytes come out`);
}

/** An engine fills a buffer with several pieces. After the last it takes another buffer. */
function freeAtEnd(piece: Buffer): void {
  if (piece.byteOffset + piece.length === piece.buffer.byteLength) freeNow(piece);
}

/** Resolves when the engine has consumed the bytes, ended or was destroyed; then it may not call back. */
function write(engine: InflateRaw, piece: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ended = () => resolve();
  engine.once('end', ended);
  engine.once('close', ended);
  engine.once('error', reject);
  engine.write(piece, (error) => (error ? reject(error) : resolve()));
  return promise.finally(() => {
    engine.off('end', ended);
    engine.off('close', ended);
    engine.off('error', reject);
  });
}
