/** Comparison of two files from given positions on, four bytes at a time. */

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** How many bytes are equal in `a` from `atA` and `b` from `atB`; 0 if one position is outside. */
export function equalBytes(a: DataView, atA: number, b: DataView, atB: number): number {
  const most = Math.min(a.byteLength - atA, b.byteLength - atB);
  if (atA < 0 || most <= 0) return 0;
  let length = 0;
  while (length + 4 <= most && a.getInt32(atA + length) === b.getInt32(atB + length)) length += 4;
  while (length < most && a.getUint8(atA + length) === b.getUint8(atB + length)) length += 1;
  return length;
}
