/**
 * Inflates the raw deflate streams (RFC 1951) of archive objects. A stream must produce exactly the announced
 * size and end with its input; zlib alone neither bounds the output nor rejects trailing bytes. Errors are
 * ERR_OBJECT_CORRUPT naming the object.
 */
import { pipeline, Readable } from 'node:stream';
import { createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib';
import { messageOf, TreeportError } from '../base/errors.ts';
import { corruptObject } from './object-fault.ts';

/** zlib's minimum. */
const MIN_CHUNK_BYTES = 64;

/** Inflates in one call. */
export async function* inflateSmall(bytes: Buffer, size: number, name: string): AsyncGenerator<Buffer> {
  const buffer = inflateWhole(bytes, size, name);
  if (buffer.length > 0) yield buffer;
}

/** Inflates in one call, to one buffer. */
export function inflateWhole(bytes: Uint8Array, size: number, name: string): Buffer {
  const { buffer, engine } = withEngine(bytes, size, name);
  checkEnd(name, { consumed: engine.bytesWritten, input: bytes.length, output: buffer.length, size });
  return buffer;
}

type WithEngine = { readonly buffer: Buffer; readonly engine: InflateRaw };

function withEngine(bytes: Uint8Array, size: number, name: string): WithEngine {
  try {
    // One byte more than needed, so that zlib sees the end of the stream with a single buffer.
    const chunkSize = Math.max(size + 1, MIN_CHUNK_BYTES);
    const options = { maxOutputLength: Math.max(size, 1), chunkSize, info: true };
    // The types of Node lack the result of `info`.
    return inflateRawSync(bytes, options) as unknown as WithEngine;
  } catch (error) {
    throw inflateFault(error, name);
  }
}

/** Inflates a stream piece by piece. */
export async function* inflate(
  pieces: AsyncIterable<Uint8Array>,
  size: number,
  name: string,
): AsyncGenerator<Buffer> {
  const input = new CountedInput(pieces);
  const engine = createInflateRaw({ chunkSize: 256 * 1024 });
  // The error reaches the consumer through `engine`, which pipeline destroys with it.
  pipeline(Readable.from(input.stream(), { objectMode: false }), engine, () => {});
  let output = 0;
  try {
    for await (const piece of engine as AsyncIterable<Buffer>) {
      output += piece.length;
      if (output > size) throw corruptObject(name, `more than the announced ${size} bytes come out`);
      yield piece;
    }
  } catch (error) {
    throw inflateFault(error, name);
  }
  checkEnd(name, { consumed: engine.bytesWritten, input: input.bytes, output, size });
}

class CountedInput {
  readonly pieces: AsyncIterable<Uint8Array>;
  bytes = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.pieces = pieces;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    for await (const piece of this.pieces) {
      this.bytes += piece.length;
      yield piece;
    }
  }
}

type Balance = {
  readonly consumed: number;
  readonly input: number;
  readonly output: number;
  readonly size: number;
};

export function checkEnd(name: string, { consumed, input, output, size }: Balance): void {
  if (output !== size) throw corruptObject(name, `${output} bytes come out instead of the announced ${size}`);
  if (consumed !== input) throw corruptObject(name, 'bytes follow the end of its compressed data');
}

export function inflateFault(error: unknown, name: string): TreeportError {
  if (error instanceof TreeportError) return error;
  return corruptObject(name, `its compressed bytes do not inflate (${messageOf(error)})`, error);
}
