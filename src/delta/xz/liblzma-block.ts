/** Blocks of the .xz format that liblzma compresses (block.ts). */
import { encodeLzma2 } from '../../native/lzma/encode.ts';
import type { FilterChain, Lzma2Options } from '../../native/lzma/filter-chain.ts';
import { blockHeader, framed, storedBlock, type XzBlock } from './block.ts';
import { LZMA2_END, storedChunks } from './lzma2-chunks.ts';

/**
 * Compresses `content`; a block that would not be smaller than a stored one is stored. The pieces refer
 * to `scratch`, memory to compress into that is at least as large as the content.
 */
export function compressedBlock(content: Uint8Array, chain: FilterChain, scratch: Uint8Array): XzBlock {
  const size = encodeLzma2(content, scratch.subarray(0, content.length), chain);
  if (size === undefined) return storedBlock(content);
  return framed(blockHeader(chain.lzma2.dictionarySize, chain.x86), [scratch.subarray(0, size)], content);
}

/** A run of content, and whether to compress it. */
export type ContentRun = { readonly bytes: Uint8Array; readonly isCompressed: boolean };

/**
 * Compresses some runs of `content`, which they make up, and stores the others, all in one block. Runs do not
 * refer to each other. Otherwise as {@link compressedBlock}.
 */
export function mixedBlock(
  content: Uint8Array,
  runs: readonly ContentRun[],
  lzma2: Lzma2Options,
  scratch: Uint8Array,
): XzBlock {
  const body: Uint8Array[] = [];
  const used = { scratch: 0 };
  for (const { bytes, isCompressed } of runs) {
    const memory = scratch.subarray(used.scratch, used.scratch + bytes.length);
    const size = isCompressed ? encodeLzma2(bytes, memory, { lzma2, x86: false }) : undefined;
    if (size === undefined) body.push(...storedChunks(bytes, body.length === 0));
    else {
      used.scratch += size;
      // Without the byte that ends LZMA2.
      body.push(memory.subarray(0, size - 1));
    }
  }
  body.push(Buffer.of(LZMA2_END));
  return framed(blockHeader(lzma2.dictionarySize, false), body, content);
}
