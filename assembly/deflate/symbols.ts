/** Symbols of lengths and distances, and the bits that follow them (RFC 1951, §3.2.5). */
import { LENGTH_SYMBOLS } from './memory';

export const LITERALS: u32 = 286;
export const DISTANCES: u32 = 30;
export const END_OF_BLOCK: u32 = 256;
export const LEAST_LENGTH: u32 = 3;
export const LONGEST_MATCH: u32 = 258;
export const WINDOW: u32 = 32768;

/** Of a length less 3, above the end of a block. */
export function lengthSymbol(length: u32): u32 {
  return load<u8>(LENGTH_SYMBOLS + length);
}

/** Of a length's symbol, less the first. */
export function lengthExtraBits(symbol: u32): u32 {
  return symbol < 8 || symbol === 28 ? 0 : (symbol - 4) >> 2;
}

/** Of a distance less 1. */
export function distanceSymbol(distance: u32): u32 {
  if (distance < 4) return distance;
  const bits = 30 - clz(distance);
  return (bits << 1) + (distance >> bits);
}

export function distanceExtraBits(symbol: u32): u32 {
  return symbol < 4 ? 0 : (symbol - 2) >> 1;
}

export function prepareLengths(): void {
  for (let length: u32 = 0; length < 256; length++) {
    let symbol = length;
    if (length === 255) symbol = 28;
    else if (length >= 8) {
      const bits = 29 - clz(length);
      symbol = (bits << 2) + (length >> bits);
    }
    store<u8>(LENGTH_SYMBOLS + length, symbol);
  }
}
