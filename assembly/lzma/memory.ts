/** Where everything is in the memory of the module. The caller makes it large enough for the content. */

/** Chunks that are encoded side by side; each has a place below. */
export const LANES: usize = 4;
/** The range encoders of all lanes. */
export const ENCODERS: usize = 0x40;
/** Eight decisions of each lane, in the order in which they are encoded. */
export const ROWS: usize = 0x80;
/** Of each lane the size of its content, of its chunk, and how many decisions it has. */
export const CHUNKS: usize = 0x100;
export const CHUNK_FIELDS: usize = 16;
/** Of decisions, 16 bits each. */
export const PROBABILITIES: usize = 0x400;
/** By the hash of four bytes, one more than each of the two positions where they were last, or 0. */
export const TABLE: usize = 0x8000;
export const TABLE_BITS: u32 = 15;
/** A chunk of LZMA2, with its header. */
export const OUTPUT: usize = 0x50000;
export const OUTPUT_BYTES: usize = 0x12000;
/** The decisions of a chunk, 16 bits each. */
export const LISTS: usize = OUTPUT + LANES * OUTPUT_BYTES;
export const LIST_BYTES: usize = 0x28000;
/** What is compressed. */
export const CONTENT: usize = LISTS + LANES * LIST_BYTES;
