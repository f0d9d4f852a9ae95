/** What LZMA2 has besides compressed chunks, as in liblzma's lzma2_encoder.c: stored ones, and an end. */

export const STORED_CHUNK_BYTES: number = 64 * 1024;
export const STORED_HEADER_BYTES = 3;
/** The control byte behind the last chunk. */
export const LZMA2_END = 0;
/** Control bytes: a chunk at the start of a block resets the dictionary. */
const FIRST = 1;
const NEXT = 2;

/** `content` in chunks, in pieces; `isFirst` if no chunk of the block comes before it. */
export function* storedChunks(content: Uint8Array, isFirst: boolean): Generator<Uint8Array> {
  for (let at = 0; at < content.length; at += STORED_CHUNK_BYTES) {
    const chunk = content.subarray(at, at + STORED_CHUNK_BYTES);
    const control = at === 0 && isFirst ? FIRST : NEXT;
    yield Uint8Array.of(control, (chunk.length - 1) >> 8, chunk.length - 1);
    yield chunk;
  }
}
