/** Where everything is in the memory of the module. The caller makes it large enough for the content. */

/** Below it are constants of the module. Of literals and lengths, of distances, and of code lengths: how often each symbol occurs, 32 bits each. */
export const LITERAL_COUNTS: usize = 0x480;
export const DISTANCE_COUNTS: usize = 0x900;
export const LENGTH_COUNTS: usize = 0xa00;
/** Their codes, reversed, 16 bits each, and the lengths of the codes in the 16 bits above. */
export const LITERAL_CODES: usize = 0xb00;
export const DISTANCE_CODES: usize = 0x1000;
export const LENGTH_CODES: usize = 0x1100;
/** The lengths of both codes as the block's header has them: symbols of the third code, 16 bits each. */
export const HEADER: usize = 0x1200;
/** Work of a code's construction: up to 288 symbols, 32 bits each, twice; and 32 counts. */
export const SORTED: usize = 0x1600;
export const WEIGHTS: usize = 0x1b00;
export const PER_LENGTH: usize = 0x2000;
/** Symbol of each length of a match, 8 bits each. */
export const LENGTH_SYMBOLS: usize = 0x2100;
/** By the hash of four bytes, the two positions where they were last, 32 bits each. */
export const TABLE: usize = 0x8000;
export const TABLE_BITS: u32 = 13;
/** Literals and matches of a block, 32 bits each. */
export const TOKENS: usize = 0x30000;
export const MOST_TOKENS: u32 = 0x6000;
/** What is compressed, behind the window of what came before it. */
export const CONTENT: usize = 0x50000;
