/**
 * Decompresses layers: gzip with any number of members, zstd with any number of frames, or a plain tar. What a layer is
 * shows in its first bytes; media types are known to be wrong in the field.
 *
 * Node's decoders stop at the end of a member or frame without a word about what follows, so every one gets a
 * decoder of its own, and what that has not consumed goes to the next. Bytes that begin no member or frame are an error.
 */

import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { readAhead } from '../base/read-ahead.ts';

type Decoder = Gunzip | ZstdDecompress;

const OUTPUT_PIECE = 512 * 1024;
/** Pieces that are read while others are decoded. */
const INPUT_AHEAD = 2;

/** The decompressed bytes. Throws the decoder's error if they are malformed or cut off, or that of `source`. */
export async function* decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = new PushbackInput(readAhead(source, INPUT_AHEAD));
  try {
    const newDecoder = decoderFor(await input.peek(4));
    if (newDecoder === undefined) yield* plain(input);
    else yield* decodeAll(input, newDecoder);
  } finally {
    await input.close();
  }
}

function decoderFor(magic: Buffer): (() => Decoder) | undefined {
  if (magic.length >= 2 && magic.readUInt16BE(0) === 0x1f8b)
    return () => createGunzip({ chunkSize: OUTPUT_PIECE });
  if (magic.length < 4) return undefined;
  const word = magic.readUInt32LE(0);
  // A frame, or a skippable one.
  if (word !== 0xfd2fb528 && (word & 0xfffffff0) >>> 0 !== 0x184d2a50) return undefined;
  return () => createZstdDecompress({ chunkSize: OUTPUT_PIECE });
}

async function* plain(input: PushbackInput): AsyncGenerator<Buffer> {
  for (let piece = await input.next(); piece !== undefined; piece = await input.next()) yield piece;
}

async function* decodeAll(input: PushbackInput, newDecoder: () => Decoder): AsyncGenerator<Buffer> {
  while ((await input.peek(1)).length > 0) yield* decodeOne(input, newDecoder());
}

/** Decodes one member, or several as far as the decoder goes by itself. */
async function* decodeOne(input: PushbackInput, decoder: Decoder): AsyncGenerator<Buffer> {
  const feeding = new Feeding(input, decoder);
  const fed = feeding.run();
  try {
    yield* decoder as AsyncIterable<Buffer>;
    feeding.giveBack();
  } finally {
    decoder.destroy();
    await fed;
  }
}

/** Feeds a decoder and knows what it has not consumed when it ends. */
class Feeding {
  readonly #input: PushbackInput;
  readonly #decoder: Decoder;
  #piece: Buffer | undefined;
  #consumedBefore = 0;

  constructor(input: PushbackInput, decoder: Decoder) {
    this.#input = input;
    this.#decoder = decoder;
  }

  /** Resolves when there is no more to feed or the decoder was destroyed; errors of the input go through the decoder. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const piece = await this.#input.next();
        if (this.#decoder.destroyed) return;
        this.#piece = piece;
        this.#consumedBefore = this.#decoder.bytesWritten;
        if (piece === undefined) {
          this.#decoder.end();
          return;
        }
        if (!(await this.#write(piece)) || this.#rest(piece) > 0) return;
      }
    } catch (error) {
      this.#decoder.destroy(error as Error);
    }
  }

  giveBack(): void {
    if (this.#piece === undefined) return;
    this.#input.unread(this.#piece.subarray(this.#piece.length - this.#rest(this.#piece)));
  }

  #rest(piece: Buffer): number {
    return piece.length - (this.#decoder.bytesWritten - this.#consumedBefore);
  }

  /** False if the decoder was closed meanwhile: at its end it may not call back. */
  #write(piece: Buffer): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const ended = () => resolve(false);
    this.#decoder.once('close', ended);
    this.#decoder.write(piece, (error) => {
      this.#decoder.off('close', ended);
      resolve(!error);
    });
    return promise;
  }
}

/** A stream of pieces of which some can be put back. */
class PushbackInput {
  readonly #source: AsyncIterator<Buffer>;
  #pending: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next bytes, not empty; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    const pending = this.#pending;
    this.#pending = Buffer.alloc(0);
    if (pending.length > 0) return pending;
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done) return undefined;
      if (value.length > 0) return value;
    }
  }

  unread(bytes: Buffer): void {
    this.#pending = Buffer.concat([bytes, this.#pending]);
  }

  /** The next bytes without taking them: `count`, or fewer at the end. */
  async peek(count: number): Promise<Buffer> {
    while (this.#pending.length < count) {
      const { done, value } = await this.#source.next();
      if (done) break;
      this.#pending = Buffer.concat([this.#pending, value]);
    }
    return this.#pending.subarray(0, count);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
