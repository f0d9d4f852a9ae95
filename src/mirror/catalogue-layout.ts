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
import { ENTRY_BYTES, FAN_OUT_BYTES, type FanOut, readFanOut, writeFanOut } from './id-index.ts';

const MAGIC = Buffer.from('treeport catalog');
const VERSION = 1;
const PREAMBLE_BYTES = 32;

/** Where the headers start. */
export const HEADERS_AT: number = PREAMBLE_BYTES + FAN_OUT_BYTES;

/** The part before the headers: where the entries are, and which of them start with which 12 bits. */
export type CatalogueIndex = {
  readonly count: number;
  readonly entriesAt: number;
  readonly fanOut: FanOut;
};

/** The first HEADERS_AT bytes of the file. */
export function encodeIndex({ count, entriesAt, fanOut }: CatalogueIndex): Buffer {
  const bytes = Buffer.alloc(HEADERS_AT);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(VERSION, 16);
  bytes.writeUInt32BE(count, 20);
  bytes.writeBigUInt64BE(BigInt(entriesAt), 24);
  writeFanOut(fanOut, bytes, PREAMBLE_BYTES);
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
  const fault = (what: string) => catalogueFault(path, what);
  return { count, entriesAt, fanOut: readFanOut(bytes, PREAMBLE_BYTES, count, fault) };
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
