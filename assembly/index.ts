/**
 * An encoder of LZMA made for speed, as a WebAssembly module. The caller puts content at `CONTENT` and calls
 * `begin`, then `encode` until all is encoded, and takes what is at `OUTPUT` after each call.
 */

import { beginContent, contentPosition, encodeNext } from './matcher';
import { OUTPUT } from './memory';
import { beginRange, finishRange, rangeEnd } from './range-encoder';
import { forgetSymbols } from './symbols';
import { filterX86 } from './x86-filter';

export { contentPosition } from './matcher';
export { CONTENT, OUTPUT } from './memory';
export { LONGEST_MATCH, PROPERTIES } from './symbols';

/** Begins with content of this size; `x86` applies the filter to it. */
export function begin(size: u32, x86: bool): void {
  if (x86) filterX86(size);
  beginContent(size);
}

/** The next symbols begin as if nothing was encoded before. */
export function forget(): void {
  forgetSymbols();
}

/**
 * Encodes symbols until one ends at or behind `contentEnd`, or the output has `outputBytes`; both may be
 * exceeded by one symbol and what is pending. Writes from `header` bytes behind `OUTPUT` on; returns how many.
 */
export function encode(contentEnd: u32, header: u32, outputBytes: u32): u32 {
  const start = OUTPUT + header;
  beginRange(start);
  while (contentPosition() < contentEnd && rangeEnd() < start + outputBytes) encodeNext();
  finishRange();
  return <u32>(rangeEnd() - start);
}
