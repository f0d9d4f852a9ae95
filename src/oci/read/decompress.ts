/**
 * Decompresses layers: gzip with any number of members, zstd with any number of frames, or a plain tar. The
 * first bytes decide, because media types are sometimes wrong in the field.
 *
 * Node's decoders silently stop at the end of a member or frame, so each member or frame gets its own
 * decoder, and the bytes that it has not consumed go to the next one. Bytes that do not start a member or
 * frame are an error.
 *
 * Creating a decoder takes 0.1 ms, so skippable frames are skipped without one, and frames must have a
 * minimum size on average.
 */
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { freeNow } from '../../base/bytes.ts';
import { readAhead } from '../../base/read-ahead.ts';
import { FrameCount } from './frame-count.ts';
import { gunzipAhead } from './gunzip-ahead.ts';
import { PushbackInput } from './pushback-input.ts';

type Decoder = Gunzip | ZstdDecompress;

type Format = { readonly newDecoder: () => Decoder; readonly hasSkippable: boolean };

/** Small, because dead pieces wait for the collector (docs/decisions/0021-small-young-generation.md). */
const OUTPUT_PIECE = 128 * 1024;
/** Number of pieces to read ahead while others are decoded. */
const INPUT_AHEAD = 2;

const SKIPPABLE_HEAD = 8;

const GZIP: Format = { newDecoder: () => createGunzip({ chunkSize: OUTPUT_PIECE }), hasSkippable: false };
const ZSTD: Format = {
  newDecoder: () => createZstdDecompress({ chunkSize: OUTPUT_PIECE }),
  hasSkippable: true,
};

/**
 * The decompressed bytes. Throws the decoder's error if the input is malformed or truncated, or the error of
 * `source`.
 */
export function decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  return decompressWith(source, { free: () => {}, inPlace: false });
}

/**
 * Like {@link decompress}, but a piece lasts until the next is requested. Frees the pieces of `source` as
 * well, whose memory must be their own. Left to the garbage collector, both take tens of megabytes.
 */
export function decompressInPlace(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  return decompressWith(source, { free: freeNow, inPlace: true });
}

type Memory = {
  /** Gets memory that is not used any more. */
  readonly free: (bytes: Buffer) => void;
  readonly inPlace: boolean;
};

async function* decompressWith(source: AsyncIterable<Buffer>, memory: Memory): AsyncGenerator<Buffer> {
  const input = new PushbackInput(readAhead(source, INPUT_AHEAD));
  try {
    const magic = await input.peek(4);
    const gunzipped = isGzip(magic) && memory.inPlace ? gunzipAhead(input) : undefined;
    if (gunzipped !== undefined) yield* gunzipped;
    else if (isGzip(magic)) yield* decodeAll(input, { ...GZIP, ...memory });
    else if (isZstd(magic)) yield* decodeAll(input, { ...ZSTD, ...memory });
    else yield* plain(input, memory);
  } finally {
    await input.close();
  }
}

function isGzip(magic: Buffer): boolean {
  return magic.length >= 2 && magic.readUInt16BE(0) === 0x1f8b;
}

function isZstd(magic: Buffer): boolean {
  return isSkippable(magic) || (magic.length === 4 && magic.readUInt32LE(0) === 0xfd2fb528);
}

/**
 * A skippable zstd frame has no data of the stream: magic, length (4 bytes, little-endian), that many ignored
 * bytes.
 */
function isSkippable(magic: Buffer): boolean {
  return magic.length >= 4 && (magic.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50;
}

async function* plain(input: PushbackInput, { free }: Memory): AsyncGenerator<Buffer> {
  for (let piece = await input.next(); piece !== undefined; piece = await input.next()) {
    yield piece;
    free(piece);
  }
}

async function* decodeAll(input: PushbackInput, format: Format & Memory): AsyncGenerator<Buffer> {
  const frames = new FrameCount();
  for (;;) {
    if (format.hasSkippable) await skipFrames(input);
    if ((await input.peek(1)).length === 0) return;
    frames.begin();
    for await (const piece of decodeOne(input, format.newDecoder(), format)) {
      frames.add(piece.length);
      yield piece;
      // A decoder fills a buffer with several pieces; after the last it takes another one.
      if (piece.byteOffset + piece.length === piece.buffer.byteLength) format.free(piece);
    }
  }
}

/** Skips all skippable frames that follow, with as few awaits as possible: there may be a million. */
async function skipFrames(input: PushbackInput): Promise<void> {
  while (isSkippable(input.peekNow(4)) || isSkippable(await input.peek(4))) {
    const head = await input.peek(SKIPPABLE_HEAD);
    const length = SKIPPABLE_HEAD + (head.length < SKIPPABLE_HEAD ? 0 : head.readUInt32LE(4));
    if (!input.skipNow(length) && !(await input.skip(length)))
      throw new Error('a skippable frame is cut off');
  }
}

/** Decodes one member or frame, or more if the decoder continues by itself. */
async function* decodeOne(input: PushbackInput, decoder: Decoder, memory: Memory): AsyncGenerator<Buffer> {
  const feeding = new Feeding(input, decoder, memory);
  const fed = feeding.run();
  try {
    yield* decoder as AsyncIterable<Buffer>;
    feeding.giveBack();
  } finally {
    decoder.destroy();
    await fed;
  }
}

/** Feeds a decoder and returns to the input what the decoder has not consumed. */
class Feeding {
  readonly #input: PushbackInput;
  readonly #decoder: Decoder;
  readonly #memory: Memory;
  #piece: Buffer | undefined;
  #consumedBefore = 0;

  constructor(input: PushbackInput, decoder: Decoder, memory: Memory) {
    this.#input = input;
    this.#decoder = decoder;
    this.#memory = memory;
  }

  /** Resolves when the input ends or the decoder is destroyed. Errors of the input destroy the decoder. */
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
        this.#piece = undefined;
        this.#memory.free(piece);
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

  /** False if the decoder closes first: at its end it may not call back. */
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
