/**
 * A sorted table of object ids with two numbers each, and its fan-out: what catalogues and the index of packs
 * have in common. All numbers are big-endian.
 *
 *     fan-out  4096 numbers (4): for each value of an id's first 12 bits, the entries up to and with it
 *     entry    id (32), first number (8), second number (8)
 */
import { CHECKSUM_BYTES } from '../ostree/checksum.ts';

const BUCKETS = 4096;

export const FAN_OUT_BYTES: number = 4 * BUCKETS;
export const ENTRY_BYTES = 48;
export const FIRST_AT = 32;
export const SECOND_AT = 40;

/** BUCKETS numbers. */
export type FanOut = Uint32Array;

/** Entries to read at once at the end of a search. */
const SEARCH_ENTRIES = 64;

/** The bucket of an id: its first 12 bits. `at` is where the id starts in `bytes`. */
export function bucketOf(bytes: Buffer, at = 0): number {
  return bytes.readUInt16BE(at) >>> 4;
}

export function emptyFanOut(): FanOut {
  return new Uint32Array(BUCKETS);
}

export function writeFanOut(fanOut: FanOut, bytes: Buffer, at: number): void {
  for (const [bucket, end] of fanOut.entries()) bytes.writeUInt32BE(end, at + 4 * bucket);
}

/** Reads and checks the fan-out of `count` entries; `fault` makes the error for what is wrong with it. */
export function readFanOut(bytes: Buffer, at: number, count: number, fault: (what: string) => Error): FanOut {
  const fanOut = emptyFanOut();
  let previous = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const end = bytes.readUInt32BE(at + 4 * bucket);
    if (end < previous) throw fault(`the fan-out goes back at ${bucket}`);
    fanOut[bucket] = end;
    previous = end;
  }
  if (previous !== count) throw fault(`the fan-out ends at ${previous} instead of ${count} entries`);
  return fanOut;
}

/** Finds the bytes of the entry of an id; `read` returns `count` entries, from number `first` on. */
export function findEntry(
  fanOut: FanOut,
  id: Buffer,
  read: (first: number, count: number) => Buffer,
): Buffer | undefined {
  const bucket = bucketOf(id);
  let low = bucket === 0 ? 0 : (fanOut[bucket - 1] as number);
  let high = fanOut[bucket] as number;
  while (high - low > SEARCH_ENTRIES) {
    const middle = (low + high) >>> 1;
    if (read(middle, 1).compare(id, 0, CHECKSUM_BYTES, 0, CHECKSUM_BYTES) > 0) high = middle;
    else low = middle;
  }
  if (high === low) return undefined;
  const entries = read(low, high - low);
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    if (entries.compare(id, 0, CHECKSUM_BYTES, at, at + CHECKSUM_BYTES) === 0)
      return entries.subarray(at, at + ENTRY_BYTES);
  }
  return undefined;
}
