/** Where everything is in the memory of the module. The caller makes it large enough for the content. */

/** Of decisions, 16 bits each. */
export const PROBABILITIES: usize = 0x400;
/** By the hash of four bytes, one more than each of the two positions where they were last, or 0. */
export const TABLE: usize = 0x8000;
export const TABLE_BITS: u32 = 15;
/** A chunk of LZMA2, with its header. */
export const OUTPUT: usize = 0x50000;
/** What is compressed. */
export const CONTENT: usize = 0x70000;
