/**
 * The file format of catalogues, which docs/formats/catalogue.md describes. All numbers are big-endian.
 *
 *     0      16  magic "treeport catalog"
 *     16      4  version, 1
 *     20      4  number of entries
 *     24      8  offset of the entries, which go on to the end of the file
 *     32  16384  fan-out: for each value of an id's first 12 bits, the number of entries up to and with it
 *     16416      headers, back to back, each as it stands before the bytes of a `.filez` but with size 0
 *     …          entries, sorted by id: id (32), size of the file (8), offset of its header (8)
 */
import { TreeportError } from '../base/errors.ts';

const MAGIC = Buffer.from('treeport catalog');
const VERSION = 1;
const PREAMBLE_BYTES = 32;
const FAN_OUT = 4096;

export const ENTRY_BYTES = 48;
export const ENTRY_SIZE_AT = 32;
export const ENTRY_HEADER_AT = 40;
/** Where the headers start. */
export const HEADERS_AT: number = PREAMBLE_BYTES + 4 * FAN_OUT;
export const MAX_ENTRIES = 0xffff_ffff;

/** The part before the headers: where the entries are, and which of them start with which 12 bits. */
export type CatalogueIndex = {
  readonly count: number;
  readonly entriesAt: number;
  /** FAN_OUT numbers. */
  readonly fanOut: Uint32Array;
};

/** The bucket of an id: its first 12 bits. `at` is where the id starts in `bytes`. */
export function bucketOf(bytes: Buffer, at = 0): number {
  return bytes.readUInt16BE(at) >>> 4;
}

export function emptyFanOut(): Uint32Array {
  return new Uint32Array(FAN_OUT);
}

/** The first HEADERS_AT bytes of the file. */
export function encodeIndex({ count, entriesAt, fanOut }: CatalogueIndex): Buffer {
  const bytes = Buffer.alloc(HEADERS_AT);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(VERSION, 16);
  bytes.writeUInt32BE(count, 20);
  bytes.writeBigUInt64BE(BigInt(entriesAt), 24);
  for (const [bucket, end] of fanOut.entries()) bytes.writeUInt32BE(end, PREAMBLE_BYTES + 4 * bucket);
  return bytes;
}

/** Parses and checks the first bytes of a file of `fileSize` bytes; throws ERR_CATALOGUE. */
export function decodeIndex(bytes: Buffer, fileSize: number, path: string): CatalogueIndex {
  if (bytes.length < HEADERS_AT) throw catalogueFault(path, 'it is too short');
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw catalogueFault(path, 'it is no catalogue');
  const version = bytes.readUInt32BE(16);
  if (version !== VERSION) throw catalogueFault(path, `it has version ${version}; only ${VERSION} is known`);
  const count = bytes.readUInt32BE(20);
  const entriesAt = Number(bytes.readBigUInt64BE(24));
  if (entriesAt < HEADERS_AT || entriesAt + count * ENTRY_BYTES !== fileSize) {
    throw catalogueFault(path, `${count} entries at ${entriesAt} do not end with the file, at ${fileSize}`);
  }
  return { count, entriesAt, fanOut: decodeFanOut(bytes, count, path) };
}

function decodeFanOut(bytes: Buffer, count: number, path: string): Uint32Array {
  const fanOut = emptyFanOut();
  let previous = 0;
  for (let bucket = 0; bucket < FAN_OUT; bucket++) {
    const end = bytes.readUInt32BE(PREAMBLE_BYTES + 4 * bucket);
    if (end < previous) throw catalogueFault(path, `the fan-out goes back at ${bucket}`);
    fanOut[bucket] = end;
    previous = end;
  }
  if (previous !== count)
    throw catalogueFault(path, `the fan-out ends at ${previous} instead of ${count} entries`);
  return fanOut;
}

export function catalogueFault(path: string, what: string, cause?: unknown): TreeportError {
  return new TreeportError(
    'ERR_CATALOGUE',
    `the catalogue ${path} is damaged: ${what}; build the mirror image again`,
    {
      cause,
    },
  );
}
