/**
 * A piece of a snapshot's archive, for media that are smaller than it: a header, then bytes of the archive.
 * All numbers are big-endian. docs/formats/snapshot.md describes it.
 *
 *     0   16  magic "treeport piece", padded with zeros
 *     16   4  version, 1
 *     20   4  the piece's number, from 1
 *     24   4  the number of pieces
 *     28   4  0
 *     32   8  where its bytes start in the archive
 *     40   8  the number of its bytes
 *     48   8  the size of the archive
 *     56  32  SHA-256 of the image's manifest
 *     88  32  SHA-256 of the piece's bytes
 *     120 32  SHA-256 of the header so far
 */
import { createHash } from 'node:crypto';
import { toHex } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import { type Digest, digestHex } from '../../oci/model/descriptor.ts';

export const PIECE_HEADER_BYTES = 152;
const MAGIC = Buffer.from('treeport piece\0\0');
const VERSION = 1;
const SUM_AT = 120;

export type PieceHeader = {
  /** From 1. */
  readonly number: number;
  readonly count: number;
  readonly offset: number;
  readonly length: number;
  /** Of the archive. */
  readonly total: number;
  /** Of the image's manifest. */
  readonly manifest: Digest;
  /** SHA-256 of the piece's bytes, in hexadecimal digits. */
  readonly sum: string;
};

export function encodePieceHeader(header: PieceHeader): Buffer {
  const bytes = Buffer.alloc(PIECE_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(VERSION, 16);
  bytes.writeUInt32BE(header.number, 20);
  bytes.writeUInt32BE(header.count, 24);
  bytes.writeBigUInt64BE(BigInt(header.offset), 32);
  bytes.writeBigUInt64BE(BigInt(header.length), 40);
  bytes.writeBigUInt64BE(BigInt(header.total), 48);
  bytes.write(digestHex(header.manifest), 56, 'hex');
  bytes.write(header.sum, 88, 'hex');
  sumOf(bytes).copy(bytes, SUM_AT);
  return bytes;
}

/** The header of the file `path`, of which these are the first bytes; ERR_PIECE. */
export function decodePieceHeader(bytes: Buffer, path: string): PieceHeader {
  if (bytes.length < PIECE_HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw pieceFault(path, 'it is no piece of a snapshot');
  const version = bytes.readUInt32BE(16);
  if (version !== VERSION) throw pieceFault(path, `it has version ${version}; only ${VERSION} is known`);
  if (!bytes.subarray(SUM_AT, PIECE_HEADER_BYTES).equals(sumOf(bytes)))
    throw pieceFault(path, 'its header is damaged; copy it again');
  return {
    number: bytes.readUInt32BE(20),
    count: bytes.readUInt32BE(24),
    offset: Number(bytes.readBigUInt64BE(32)),
    length: Number(bytes.readBigUInt64BE(40)),
    total: Number(bytes.readBigUInt64BE(48)),
    manifest: `sha256:${toHex(bytes.subarray(56, 88))}`,
    sum: toHex(bytes.subarray(88, 120)),
  };
}

export function pieceFault(path: string, what: string): TreeportError {
  return new TreeportError('ERR_PIECE', `the piece ${path} cannot be used: ${what}`);
}

function sumOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes.subarray(0, SUM_AT)).digest();
}
