/** Compression of one run of bytes to LZMA2, in one call: the body of an xz block. */
import { type FilterChain, foreignChain } from './filter-chain.ts';
import { hugePageAllocator } from './huge-pages.ts';
import { liblzma } from './liblzma.ts';
import { LZMA, lzmaError } from './status.ts';

/**
 * Writes the compressed form of `input` to the start of `output`. Returns its length, or undefined if it does
 * not fit. Blocks the thread. The memory liblzma takes meanwhile grows with the dictionary.
 */
export function encodeLzma2(input: Uint8Array, output: Uint8Array, chain: FilterChain): number | undefined {
  const position = new BigUint64Array(1);
  const status = liblzma().rawBufferEncode(
    foreignChain(chain),
    hugePageAllocator(),
    input,
    input.length,
    output,
    new Uint8Array(position.buffer),
    output.length,
  );
  if (status === LZMA.noProgress) return undefined;
  if (status !== LZMA.ok) throw lzmaError('an xz block cannot be made', status);
  return Number(position[0]);
}
