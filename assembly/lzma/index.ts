/**
 * An encoder of LZMA made for speed, as a WebAssembly module. The caller puts content at `CONTENT` and calls
 * `begin`, then `encode` until all is encoded, and takes the chunks after each call: each is at `OUTPUT`,
 * `OUTPUT_BYTES` behind the one before.
 */

import { beginContent, contentPosition, listSymbols } from './matcher';
import { CHUNK_FIELDS, CHUNKS, LANES, LIST_BYTES, LISTS, OUTPUT, OUTPUT_BYTES } from './memory';
import { encodeLanes, finishLane, ROUND } from './range-encoder';
import { forgetSymbols } from './symbols';
import { filterX86 } from './x86-filter';

export { contentPosition } from './matcher';
export { CONTENT, OUTPUT, OUTPUT_BYTES } from './memory';
export { PROPERTIES } from './symbols';

/**
 * Decisions of a chunk; the last symbol exceeds it. A decision takes 6.1 bits at most, so that a chunk has
 * less than the 64 KiB that LZMA2 can hold.
 */
const CHUNK_DECISIONS: usize = 80_000;
const ENTRY_BYTES: usize = 2;
/** What is left of the 2 MiB of content that a chunk can hold when its last symbol begins. */
const CHUNK_CONTENT: u32 = 0x1ffe00;
/** Fields of a chunk. */
const PACKED: usize = 4;
const DECISIONS: usize = 8;

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
 * Makes up to four chunks, the next ones of `size` bytes of content; returns how many. One that may not
 * shrink is the last, so that the caller can store it and forget its symbols. The bytes of a chunk begin
 * `header` bytes behind its place.
 */
export function encode(size: u32, header: u32): u32 {
  let count: usize = 0;
  let common: usize = CHUNK_DECISIONS;
  let shrinks = true;
  while (shrinks && count < LANES && contentPosition() < size) {
    const from = contentPosition();
    const list = listOf(count);
    const end = listSymbols(list, list + ENTRY_BYTES * CHUNK_DECISIONS, min(size, from + CHUNK_CONTENT));
    const content = contentPosition() - from;
    const decisions = <u32>((end - list) / ENTRY_BYTES);
    store<u32>(fieldsOf(count), content);
    store<u32>(fieldsOf(count), decisions, DECISIONS);
    common = min(common, <usize>decisions);
    count += 1;
    // Literals take nine decisions a byte.
    shrinks = 2 * decisions <= 17 * content;
  }
  // One alone is faster without the lanes of the others.
  common = count === 1 ? 0 : common - (common % ROUND);
  encodeLanes(header, common);
  for (let lane: usize = 0; lane < count; lane++) {
    const list = listOf(lane);
    const decisions: usize = load<u32>(fieldsOf(lane), DECISIONS);
    const end = finishLane(lane, list + ENTRY_BYTES * common, list + ENTRY_BYTES * decisions);
    store<u32>(fieldsOf(lane), <u32>(end - OUTPUT - lane * OUTPUT_BYTES - header), PACKED);
  }
  return <u32>count;
}

/** Bytes of content in a chunk that the last call made. */
export function contentSize(chunk: u32): u32 {
  return load<u32>(fieldsOf(chunk));
}

/** Bytes of such a chunk. */
export function packedSize(chunk: u32): u32 {
  return load<u32>(fieldsOf(chunk), PACKED);
}

function fieldsOf(chunk: usize): usize {
  return CHUNKS + CHUNK_FIELDS * chunk;
}

function listOf(chunk: usize): usize {
  return LISTS + LIST_BYTES * chunk;
}
