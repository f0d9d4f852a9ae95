/** Blocks of the .xz format that liblzma compresses (block.ts). */
import { encodeLzma2 } from '../../native/lzma/encode.ts';
import type { FilterChain } from '../../native/lzma/filter-chain.ts';
import { blockHeader, framed, storedBlock, type XzBlock } from './block.ts';

/**
 * Compresses `content`; a block that would not be smaller than a stored one is stored. The pieces refer
 * to `scratch`, memory to compress into that is at least as large as the content.
 */
export function compressedBlock(content: Uint8Array, chain: FilterChain, scratch: Uint8Array): XzBlock {
  const size = encodeLzma2(content, scratch.subarray(0, content.length), chain);
  if (size === undefined) return storedBlock(content);
  return framed(blockHeader(chain.lzma2.dictionarySize, chain.x86), [scratch.subarray(0, size)], content);
}
