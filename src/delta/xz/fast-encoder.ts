/**
 * LZMA2 by an encoder made for speed (../../../assembly/): twice as fast as liblzma's fastest options, and
 * 2 % larger. What it makes is a function of the content alone, on every machine.
 *
 * A chunk has up to 64 KiB, is made of up to 2 MiB, and goes on with the state of the one before. One that
 * does not shrink is stored, after which the state begins anew.
 *
 * Format: LZMA2 as in liblzma's lzma2_encoder.c.
 */
import { ENCODER_MODULE } from './encoder-module.ts';
import { LZMA2_END, storedChunks } from './lzma2-chunks.ts';

const CHUNK_BYTES = 64 * 1024;
/** A symbol takes fewer, together with the bytes that are pending until a chunk ends. */
const SPARE_BYTES = 64;
const MOST_CONTENT = 2 * 1024 * 1024;
/** The longest symbol. */
const SPARE_CONTENT = 273;
const HEADER_BYTES = 6;
const PAGE_BYTES = 64 * 1024;

/** Control bytes, those of compressed chunks with the highest bits of the size. */
const COMPRESSED = 0x80;
/** What a compressed chunk resets. */
const RESETS = { nothing: 0, state: 1 << 5, properties: 2 << 5, all: 3 << 5 } as const;

type Reset = keyof typeof RESETS;

type Global = { readonly value: number };

/** What the module exports. */
type Encoder = {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
  readonly CONTENT: Global;
  readonly OUTPUT: Global;
  /** lc, lp and pb as in a chunk's header. */
  readonly PROPERTIES: Global;
  begin(size: number, x86: boolean): void;
  forget(): void;
  /** Encodes up to about `contentEnd` or `outputBytes`; returns the bytes it wrote. */
  encode(contentEnd: number, header: number, outputBytes: number): number;
  contentPosition(): number;
};

/** Node's types have none of it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Encoder };
};

/** Compresses one content at a time, in memory of its own that grows with the largest. */
export class FastEncoder {
  readonly #encoder: Encoder;
  #size = 0;

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(ENCODER_MODULE, 'base64'));
    this.#encoder = new WebAssembly.Instance(module).exports;
  }

  /**
   * Takes a copy of `content`, and ends what was begun before. `x86` makes the targets of calls and jumps
   * absolute before compression.
   */
  begin(content: Uint8Array, x86 = false): void {
    this.#take(content);
    this.#encoder.begin(content.length, x86);
    this.#size = content.length;
  }

  /** What was begun as LZMA2, in pieces; each lasts until the next is requested. */
  *chunks(): Generator<Uint8Array> {
    const encoder = this.#encoder;
    const size = this.#size;
    const known = { dictionary: false, properties: false, state: false };
    while (encoder.contentPosition() < size) {
      const from = encoder.contentPosition();
      if (!known.state) encoder.forget();
      const packed = encoder.encode(
        Math.min(size, from + MOST_CONTENT - SPARE_CONTENT),
        HEADER_BYTES,
        CHUNK_BYTES - SPARE_BYTES,
      );
      const taken = encoder.contentPosition() - from;
      if (packed < taken) {
        const state = known.state ? 'nothing' : 'state';
        yield this.#chunk(
          taken,
          packed,
          known.dictionary ? (known.properties ? state : 'properties') : 'all',
        );
        known.properties = true;
        known.state = true;
      } else {
        yield* storedChunks(this.#content(from, taken), !known.dictionary);
        known.state = false;
      }
      known.dictionary = true;
    }
    yield Uint8Array.of(LZMA2_END);
  }

  /** Copies the content into the module's memory. */
  #take(content: Uint8Array): void {
    const { memory, CONTENT } = this.#encoder;
    const missing = CONTENT.value + content.length - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    new Uint8Array(memory.buffer, CONTENT.value).set(content);
  }

  /** As it is compressed: filtered. */
  #content(from: number, size: number): Uint8Array {
    const { memory, CONTENT } = this.#encoder;
    return new Uint8Array(memory.buffer, CONTENT.value + from, size);
  }

  /** The chunk in the module's memory, behind its header. */
  #chunk(contentSize: number, packedSize: number, reset: Reset): Uint8Array {
    const { memory, OUTPUT, PROPERTIES } = this.#encoder;
    const size = contentSize - 1;
    const packed = packedSize - 1;
    const header = [COMPRESSED | RESETS[reset] | (size >> 16), size >> 8, size, packed >> 8, packed];
    if (reset === 'properties' || reset === 'all') header.push(PROPERTIES.value);
    const start = OUTPUT.value + HEADER_BYTES - header.length;
    const chunk = new Uint8Array(memory.buffer, start, header.length + packedSize);
    chunk.set(header);
    return chunk;
  }
}
