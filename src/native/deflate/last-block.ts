/**
 * Finds the last block of a raw deflate stream (RFC 1951), with inflate() of zlib: Z_BLOCK makes it stop at
 * the end of each block. The inflated bytes are compared with those that were deflated, so that what passes
 * is known to be good.
 */
import { TreeportError } from '../../base/errors.ts';
import { lazyKoffi } from '../lzma/koffi.ts';
import { FIELDS, nodeZlib, STATUS, Z_STREAM_BYTES, type Zlib } from '../zlib/zlib.ts';
import type { Steps } from './steps.ts';

/** Positions in bits from the start of the stream. */
export type LastBlock = {
  /** Of its header, whose first bit says that it is the last. */
  readonly start: number;
  /** Behind its last bit. */
  readonly end: number;
};

/** Without a header or trailer. */
const RAW = -15;
const [NO_FLUSH, STOP_AT_BLOCK] = [0, 5];
/** Of data_type: the lower bits count the bits that are left of the last byte. */
const [UNUSED_BITS, IN_LAST_BLOCK, AT_END_OF_BLOCK] = [63, 64, 128];

/** The last block rarely has more bytes, so the part before them is inflated in one call. */
const LIKELY_TAIL = 64 * 1024;
/** Spare room, because inflate() may stop before the end of a block when the room is used up. */
const SPARE = 64;

type InflateCall = { readonly flush: number; readonly isShort: boolean };

/** Memory for one stream at a time. */
export class LastBlockFinder {
  readonly #zlib: Zlib;
  readonly #stream = Buffer.alloc(Z_STREAM_BYTES);
  readonly #address = lazyKoffi().address(this.#stream);
  readonly #output: Buffer;

  /** For streams of up to `size` bytes. */
  constructor(size: number) {
    this.#output = Buffer.alloc(size + SPARE);
    const zlib = nodeZlib();
    if (zlib === undefined) throw fault('this Node exports no inflate');
    this.#zlib = zlib;
    const status = zlib.init(this.#address, RAW, '1', Z_STREAM_BYTES);
    if (status !== STATUS.ok) throw fault(`inflateInit2 answered ${status}`);
  }

  /** `original` was deflated to `deflated`. */
  *find(original: Uint8Array, deflated: Uint8Array): Steps<LastBlock> {
    const skipped = Math.max(original.length - LIKELY_TAIL, 0);
    this.#restart(deflated, skipped);
    if (skipped > 0) {
      yield* this.#inflate({ flush: NO_FLUSH, isShort: false });
      // It began before the tail.
      if ((this.#dataType & IN_LAST_BLOCK) !== 0) this.#restart(deflated, 0);
    }
    const isShort = original.length - this.#totalOut <= LIKELY_TAIL;
    this.#stream.writeUInt32LE(this.#output.length - this.#totalOut, FIELDS.availableOut);
    const found = yield* this.#blocks(isShort);
    if (!this.#output.subarray(0, this.#totalOut).equals(original)) throw fault('it inflates to other bytes');
    return found;
  }

  *#blocks(isShort: boolean): Steps<LastBlock> {
    const block = { start: 0 };
    for (;;) {
      yield* this.#inflate({ flush: STOP_AT_BLOCK, isShort });
      const type = this.#dataType;
      if ((type & AT_END_OF_BLOCK) === 0) throw fault('it does not end');
      const end = Number(this.#stream.readBigUInt64LE(FIELDS.totalIn)) * 8 - (type & UNUSED_BITS);
      if ((type & IN_LAST_BLOCK) !== 0) return { start: block.start, end };
      block.start = end;
    }
  }

  *#inflate({ flush, isShort }: InflateCall): Steps<void> {
    const status = yield { call: this.#zlib.inflate, values: [this.#address, flush], isShort };
    if (status !== STATUS.ok) throw fault(`inflate answered ${status}`);
  }

  #restart(deflated: Uint8Array, room: number): void {
    const koffi = lazyKoffi();
    this.#zlib.reset(this.#address);
    this.#stream.writeBigUInt64LE(koffi.address(deflated), FIELDS.nextIn);
    this.#stream.writeUInt32LE(deflated.length, FIELDS.availableIn);
    this.#stream.writeBigUInt64LE(koffi.address(this.#output), FIELDS.nextOut);
    this.#stream.writeUInt32LE(room, FIELDS.availableOut);
  }

  get #dataType(): number {
    return this.#stream.readUInt32LE(FIELDS.dataType);
  }

  get #totalOut(): number {
    return Number(this.#stream.readBigUInt64LE(FIELDS.totalOut));
  }
}

function fault(what: string): TreeportError {
  return new TreeportError('ERR_INTERNAL', `libdeflate made a stream that zlib does not read: ${what}`);
}
