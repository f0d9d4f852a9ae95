/** Deflates whole raw streams with libdeflate, in one call each. */
import { TreeportError } from '../../base/errors.ts';
import { type Libdeflate, libdeflate } from './libdeflate.ts';
import { onPool } from './steps.ts';

/** Room that the stream of any `size` bytes fits into. */
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
    const values = [this.#compressor, bytes, bytes.length, output, output.length];
    return onPool({ call: installed().compress, values }).then(checked);
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
