/** Compares content, for both encoders. */

/** How many bytes the hashes of matches are made of: less are no match. */
export const HASHED_BYTES: u32 = 4;

/** How many bytes at the two places of the memory are the same, at most `most`; the first four are. */
export function commonLength(a: usize, b: usize, most: u32): u32 {
  let length = HASHED_BYTES;
  while (length + 8 <= most) {
    const difference = load<u64>(a + length) ^ load<u64>(b + length);
    if (difference !== 0) return length + (<u32>ctz(difference) >> 3);
    length += 8;
  }
  while (length < most && load<u8>(a + length) === load<u8>(b + length)) length += 1;
  return length;
}
