/**
 * Inflates pieces of a raw deflate stream with libdeflate, which takes half of zlib's time but whole streams
 * only: a piece that ends with an empty stored block on a byte boundary, as after a sync or full flush, is
 * one if an empty last block follows.
 */
import { lazyKoffi } from '../lzma/koffi.ts';
import { type Libdeflate, libdeflate } from './libdeflate.ts';

/** LEN and NLEN of the empty stored block that ends a piece. */
export const PIECE_END: Buffer = Buffer.from('0000ffff', 'hex');
/** An empty stored block that is the last. */
export const LAST_BLOCK: Buffer = Buffer.from('010000ffff', 'hex');

const SUCCESS = 0;

export type InflatedPiece = {
  /** Bytes of the input up to the end of the last block. */
  readonly consumed: number;
  readonly produced: number;
};

export class PieceInflater implements Disposable {
  readonly #library: Libdeflate;
  readonly #decompressor: bigint;

  private constructor(library: Libdeflate, decompressor: bigint) {
    this.#library = library;
    this.#decompressor = decompressor;
  }

  /** Undefined without libdeflate. */
  static open(): PieceInflater | undefined {
    const library = libdeflate();
    const decompressor = library?.allocDecompressor() ?? null;
    return library === undefined || decompressor === null
      ? undefined
      : new PieceInflater(library, decompressor);
  }

  /**
   * Inflates on libuv's pool. Undefined if the input is no whole stream, refers to bytes before it, or does
   * not fit the output. One call at a time; the memory must stay.
   */
  async inflate(input: Uint8Array, output: Uint8Array): Promise<InflatedPiece | undefined> {
    const sizes = new BigUint64Array(2);
    const [consumed, produced] = [sizes.subarray(0, 1), sizes.subarray(1)];
    const { address } = lazyKoffi();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#library.decompress.async(
      this.#decompressor,
      address(input),
      input.length,
      address(output),
      output.length,
      address(consumed),
      address(produced),
      (error: Error | null, status: number) => (error === null ? resolve(status) : reject(error)),
    );
    if ((await promise) !== SUCCESS) return undefined;
    return { consumed: Number(sizes[0]), produced: Number(sizes[1]) };
  }

  /** The checksum of gzip over bytes after others that have `crc`; 0 for none. */
  crc32(crc: number, bytes: Uint8Array): number {
    return this.#library.crc32(crc, bytes);
  }

  /** Not while a piece is being inflated. */
  [Symbol.dispose](): void {
    this.#library.freeDecompressor(this.#decompressor);
  }
}
