/**
 * Finds the last block of a raw deflate stream (RFC 1951), with inflate() of zlib: Z_BLOCK makes it stop at
 * the end of each block. Node's program exports the functions for addons. The inflated bytes are compared
 * with those that were deflated, so that what passes is known to be good.
 *
 * z_stream of zlib.h, 64-bit: next_in 0, avail_in 8, total_in 16, next_out 24, avail_out 32, total_out 40,
 * data_type 88.
 */
import { TreeportError } from '../../base/errors.ts';
import { lazyKoffi } from '../lzma/koffi.ts';
import type { ForeignFunction, Steps } from './steps.ts';

/** Positions in bits from the start of the stream. */
export type LastBlock = {
  /** Of its header, whose first bit says that it is the last. */
  readonly start: number;
  /** Behind its last bit. */
  readonly end: number;
};

type Zlib = {
  readonly inflateInit2: (stream: Uint8Array, windowBits: number, version: string, size: number) => number;
  readonly inflateReset: (stream: Uint8Array) => number;
  readonly inflate: ForeignFunction;
};

const STREAM_BYTES = 112;
/** Without a header or trailer. */
const RAW = -15;
/** zlib compares the first digit with its own. */
const API_VERSION = '1';
const [Z_OK, Z_NO_FLUSH, Z_BLOCK] = [0, 0, 5];
/** Of data_type: the lower bits count the bits that are left of the last byte. */
const [UNUSED_BITS, IN_LAST_BLOCK, AT_END_OF_BLOCK] = [63, 64, 128];

/** The last block rarely has more bytes, so the part before them is inflated in one call. */
const LIKELY_TAIL = 64 * 1024;
/** More than the deflated bytes should need: inflate() stops early where there is no room left. */
const SPARE = 64;

const state: { zlib: Zlib | undefined } = { zlib: undefined };

function zlib(): Zlib {
  state.zlib ??= ofThisProgram();
  return state.zlib;
}

function ofThisProgram(): Zlib {
  const program = lazyKoffi().load(null);
  return {
    inflateInit2: program.func('int inflateInit2_(uint8_t *stream, int bits, const char *version, int size)'),
    inflateReset: program.func('int inflateReset(uint8_t *stream)'),
    inflate: program.func('int inflate(uint8_t *stream, int flush)'),
  };
}

/** Memory for one stream at a time. */
export class LastBlockFinder {
  readonly #stream = Buffer.alloc(STREAM_BYTES);
  readonly #output: Buffer;

  /** For streams of up to `size` bytes. */
  constructor(size: number) {
    this.#output = Buffer.alloc(size + SPARE);
    const status = zlib().inflateInit2(this.#stream, RAW, API_VERSION, STREAM_BYTES);
    if (status !== Z_OK) throw fault(`inflateInit2 answered ${status}`);
  }

  /** `original` was deflated to `deflated`. */
  *find(original: Uint8Array, deflated: Uint8Array): Steps<LastBlock> {
    const skipped = Math.max(original.length - LIKELY_TAIL, 0);
    this.#restart(deflated, skipped);
    if (skipped > 0) {
      yield* this.#inflate(Z_NO_FLUSH);
      // It began before the tail.
      if ((this.#dataType & IN_LAST_BLOCK) !== 0) this.#restart(deflated, 0);
    }
    this.#stream.writeUInt32LE(this.#output.length - this.#totalOut, 32);
    const found = yield* this.#blocks();
    if (!this.#output.subarray(0, this.#totalOut).equals(original)) throw fault('it inflates to other bytes');
    return found;
  }

  *#blocks(): Steps<LastBlock> {
    const block = { start: 0 };
    for (;;) {
      yield* this.#inflate(Z_BLOCK);
      const type = this.#dataType;
      if ((type & AT_END_OF_BLOCK) === 0) throw fault('it does not end');
      const end = Number(this.#stream.readBigUInt64LE(16)) * 8 - (type & UNUSED_BITS);
      if ((type & IN_LAST_BLOCK) !== 0) return { start: block.start, end };
      block.start = end;
    }
  }

  *#inflate(flush: number): Steps<void> {
    const status = yield [zlib().inflate, this.#stream, flush];
    if (status !== Z_OK) throw fault(`inflate answered ${status}`);
  }

  #restart(deflated: Uint8Array, room: number): void {
    const koffi = lazyKoffi();
    zlib().inflateReset(this.#stream);
    this.#stream.writeBigUInt64LE(koffi.address(deflated), 0);
    this.#stream.writeUInt32LE(deflated.length, 8);
    this.#stream.writeBigUInt64LE(koffi.address(this.#output), 24);
    this.#stream.writeUInt32LE(room, 32);
  }

  get #dataType(): number {
    return this.#stream.readUInt32LE(88);
  }

  get #totalOut(): number {
    return Number(this.#stream.readBigUInt64LE(40));
  }
}

function fault(what: string): TreeportError {
  return new TreeportError('ERR_INTERNAL', `libdeflate made a stream that zlib does not read: ${what}`);
}
