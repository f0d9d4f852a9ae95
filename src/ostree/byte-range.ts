/**
 * Ranges of content: from the byte at `from` up to, and without, the byte at `to`. Deltas and Range requests
 * read them. A range is not verified, because an object's id covers all of its bytes.
 */

/** Throws RangeError unless the range lies within `size` bytes. */
export function checkRange(from: number, to: number, size: number): void {
  const isWithin =
    Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from <= to && to <= size;
  if (!isWithin) throw new RangeError(`no bytes ${from} to ${to} in ${size} bytes`);
}

/** The range of a stream that can only be read from its start. Closes the stream at the end of the range. */
export async function* rangeOf(
  stream: AsyncIterable<Uint8Array>,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  if (from === to) return;
  let start = 0;
  for await (const piece of stream) {
    const end = start + piece.length;
    if (end > from) yield piece.subarray(Math.max(from - start, 0), Math.min(to, end) - start);
    if (end >= to) return;
    start = end;
  }
}
