/**
 * An encoder of deflate made for speed, as a WebAssembly module. The caller puts content at `CONTENT` and
 * what came before it, and calls `deflate`.
 */
import { align, beginBits, bitsEnd } from './bits';
import { putStored } from './block';
import { compress } from './matcher';
import { CONTENT } from './memory';
import { prepareLengths } from './symbols';

export { CONTENT } from './memory';

prepareLengths();

/**
 * Compresses the content from `start` to `end` to `output`; returns how many bytes it takes. A part that is
 * not the last ends at a byte, with an empty stored block.
 */
export function deflate(start: u32, end: u32, output: usize, isLast: bool): u32 {
  beginBits(output);
  compress(start, end, isLast);
  if (!isLast) putStored(CONTENT, CONTENT, false);
  align();
  return <u32>(bitsEnd() - output);
}
