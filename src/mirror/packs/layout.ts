/**
 * The file format of the index of packs, which docs/formats/packs.md describes. All numbers are big-endian.
 *
 *     0      16  magic "treeport packidx"
 *     16      4  version, 1
 *     20      4  n, the number of objects
 *     24      4  p, the number of packs
 *     28      4  0
 *     32     64  id of the encoder, padded with zeros
 *     96  16384  fan-out (../id-index.ts)
 *     16480      40 p: packs, each the SHA-256 sum (32) and size (8) of its file
 *     …          48 n: entries, sorted by id: id (32), position (8), length (8), to the end of the file
 *
 * Positions count in all packs laid end to end.
 */
import { toHex } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import { ENTRY_BYTES, FAN_OUT_BYTES, type FanOut, readFanOut, writeFanOut } from '../id-index.ts';

const MAGIC = Buffer.from('treeport packidx');
const VERSION = 1;
const ENCODER_AT = 32;
const ENCODER_BYTES = 64;
const FAN_OUT_AT: number = ENCODER_AT + ENCODER_BYTES;
const SUM_BYTES = 32;
const PACK_BYTES: number = SUM_BYTES + 8;
/** More than any build makes; each takes an open file of the server. */
const MAX_PACKS = 256;
/** It becomes a part of entity tags. */
const ENCODER = /^deflate[0-9]-[\w.-]+$/;

/** Where the list of packs starts. */
export const PACKS_AT: number = FAN_OUT_AT + FAN_OUT_BYTES;

export type Pack = {
  /** SHA-256 of the file, in hexadecimal digits. */
  readonly sum: string;
  readonly size: number;
};

export type PacksIndex = {
  /** Id of the encoder that made the objects (ostree/verified-filez.ts). */
  readonly encoder: string;
  readonly packs: readonly Pack[];
  readonly count: number;
  readonly fanOut: FanOut;
};

/** Where the entries start. */
export function entriesAt(packs: number): number {
  return PACKS_AT + packs * PACK_BYTES;
}

/** The part before the entries. */
export function encodePacksIndex({ encoder, packs, count, fanOut }: PacksIndex): Buffer {
  if (!ENCODER.test(encoder) || encoder.length > ENCODER_BYTES || packs.length > MAX_PACKS)
    throw new TreeportError('ERR_INTERNAL', `an index cannot have encoder ${encoder}, ${packs.length} packs`);
  const bytes = Buffer.alloc(entriesAt(packs.length));
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(VERSION, 16);
  bytes.writeUInt32BE(count, 20);
  bytes.writeUInt32BE(packs.length, 24);
  bytes.write(encoder, ENCODER_AT, 'latin1');
  writeFanOut(fanOut, bytes, FAN_OUT_AT);
  for (const [number, { sum, size }] of packs.entries()) {
    bytes.write(sum, entriesAt(number), 'hex');
    bytes.writeBigUInt64BE(BigInt(size), entriesAt(number) + SUM_BYTES);
  }
  return bytes;
}

/** How many packs the index that starts with these bytes lists; throws ERR_PACKS. */
export function countPacks(start: Buffer, path: string): number {
  if (start.length < PACKS_AT) throw packsFault(path, 'it is too short');
  if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw packsFault(path, 'it is no index of packs');
  const version = start.readUInt32BE(16);
  if (version !== VERSION) throw packsFault(path, `it has version ${version}; only ${VERSION} is known`);
  const packs = start.readUInt32BE(24);
  if (packs > MAX_PACKS) throw packsFault(path, `it lists ${packs} packs; ${MAX_PACKS} are allowed`);
  return packs;
}

/** Parses and checks the part before the entries of a file of `fileSize` bytes; throws ERR_PACKS. */
export function decodePacksIndex(bytes: Buffer, fileSize: number, path: string): PacksIndex {
  const packs = countPacks(bytes, path);
  const count = bytes.readUInt32BE(20);
  if (bytes.length < entriesAt(packs) || entriesAt(packs) + count * ENTRY_BYTES !== fileSize)
    throw packsFault(path, `${packs} packs and ${count} entries do not end with the file, at ${fileSize}`);
  const encoder = bytes.toString('latin1', ENCODER_AT, FAN_OUT_AT).replace(/\0+$/, '');
  if (!ENCODER.test(encoder)) throw packsFault(path, `${JSON.stringify(encoder)} is no encoder`);
  const fault = (what: string) => packsFault(path, what);
  return {
    encoder,
    count,
    fanOut: readFanOut(bytes, FAN_OUT_AT, count, fault),
    packs: Array.from({ length: packs }, (_, number) => decodePack(bytes, entriesAt(number), path)),
  };
}

function decodePack(bytes: Buffer, at: number, path: string): Pack {
  const size = Number(bytes.readBigUInt64BE(at + SUM_BYTES));
  if (size > Number.MAX_SAFE_INTEGER) throw packsFault(path, `no pack has ${size} bytes`);
  return { sum: toHex(bytes.subarray(at, at + SUM_BYTES)), size };
}

export function packsFault(path: string, what: string): TreeportError {
  return new TreeportError(
    'ERR_PACKS',
    `the ready objects of ${path} are damaged: ${what}; build the mirror image again`,
  );
}
