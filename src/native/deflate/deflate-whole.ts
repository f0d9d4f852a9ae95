/** Deflates whole raw streams with libdeflate, in one call each. */
import { TreeportError } from '../../base/errors.ts';
import { type Libdeflate, libdeflate } from './libdeflate.ts';

/** Room that the stream of `size` bytes may take, whatever they are. */
export function deflateBound(size: number): number {
  return installed().compressBound(null, size);
}

/** One call at a time; the memory must stay. The output needs the room of {@link deflateBound}. */
export class WholeDeflater {
  readonly #compressor: bigint;

  /** `level`: 1 to 9. */
  constructor(level: number) {
    const compressor = installed().allocCompressor(level);
    if (compressor === null) throw new TreeportError('ERR_INTERNAL', 'libdeflate has no memory');
    this.#compressor = compressor;
  }

  /** Returns the number of bytes in `output`. Blocks the thread. */
  deflateHere(bytes: Uint8Array, output: Uint8Array): number {
    return checked(installed().compress(this.#compressor, bytes, bytes.length, output, output.length));
  }

  /** The same on libuv's pool. */
  deflateOnPool(bytes: Uint8Array, output: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const done = (error: Error | null, length: unknown) =>
      error === null ? resolve(Number(length)) : reject(error);
    installed().compress.async(this.#compressor, bytes, bytes.length, output, output.length, done);
    return promise.then(checked);
  }
}

function checked(length: unknown): number {
  if (Number(length) > 0) return Number(length);
  throw new TreeportError('ERR_INTERNAL', 'libdeflate needs more room than it said');
}

function installed(): Libdeflate {
  const library = libdeflate();
  if (library === undefined) throw new TreeportError('ERR_INTERNAL', 'libdeflate is not installed');
  return library;
}
