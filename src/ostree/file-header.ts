/**
 * The header of content objects, and with it their identity.
 *
 *     hashed stream = u32 BE length(H) · 00 00 00 00 · H · file bytes        (id = its SHA-256)
 *     H = (uuuusa(ayay))  = uid, gid, mode, rdev 0 (big-endian), symlink target, xattrs
 *     archive file  = u32 BE length(Z) · 00 00 00 00 · Z · raw deflate of the file bytes
 *     Z = (tuuuusa(ayay)) = size (big-endian), then as H
 *
 * Source: libostree's ostree-core.c. The variants are laid out by hand so that stored xattr bytes go
 * in verbatim: alignment 1, last member, one framing offset for the string.
 */
import { chooseWidth, writeOffset } from '../gvariant/framing.ts';
import { view } from '../gvariant/index.ts';
import { swap32 } from './byte-order.ts';
import { PERMISSIONS, S_IFMT } from './dirmeta.ts';
import { objectFault } from './object-fault.ts';

export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const SYMLINK_MODE: number = S_IFLNK | 0o777;

export type FileHeader = {
  readonly uid: number;
  readonly gid: number;
  /** With the file type bits: a regular file's or a symlink's. */
  readonly mode: number;
  /** Where a symlink points, literally; empty for a regular file. */
  readonly target: string;
  /** Serialized `a(ayay)`, see xattrs.ts. */
  readonly xattrs: Uint8Array;
};

const PREFIX_BYTES = 8;
const HASHED_HEADER_TYPE = '(uuuusa(ayay))';
const ARCHIVE_HEADER_TYPE = '(tuuuusa(ayay))';
/** A longer header is treated as corrupt rather than read into memory. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/**
 * Headers by H, or by what follows the size in Z. The files of a system have few, and parsing one takes
 * twenty times as long as finding it.
 */
const usualHeaders = new Map<string, FileHeader>();
const MAX_USUAL = 256;
const MAX_USUAL_BYTES = 64;

export function isSymlink(header: FileHeader): boolean {
  return (header.mode & S_IFMT) === S_IFLNK;
}

/** What is hashed before the file bytes: length prefix and H. */
export function hashedHeader(header: FileHeader): Buffer {
  return layOut(header, 16, () => {});
}

/** The start of a `.filez`, before the deflated bytes: length prefix and Z. `size` in bytes. */
export function archiveHeader(header: FileHeader, size: number): Buffer {
  return layOut(header, 24, (bytes) => bytes.writeBigUInt64BE(BigInt(size), PREFIX_BYTES));
}

function layOut(header: FileHeader, fixedBytes: number, writeSize: (bytes: Buffer) => void): Buffer {
  const target = Buffer.from(`${header.target}\0`);
  const stringEnd = fixedBytes + target.length;
  const width = chooseWidth(stringEnd + header.xattrs.length, 1);
  const length = stringEnd + header.xattrs.length + width;
  const bytes = Buffer.alloc(PREFIX_BYTES + length);
  bytes.writeUInt32BE(length, 0);
  writeSize(bytes);
  const numbers = PREFIX_BYTES + fixedBytes - 16;
  bytes.writeUInt32BE(header.uid, numbers);
  bytes.writeUInt32BE(header.gid, numbers + 4);
  bytes.writeUInt32BE(header.mode, numbers + 8);
  target.copy(bytes, PREFIX_BYTES + fixedBytes);
  bytes.set(header.xattrs, PREFIX_BYTES + stringEnd);
  writeOffset(bytes, bytes.length - width, width, stringEnd);
  return bytes;
}

export type HashedHeader = {
  readonly header: FileHeader;
  /** Bytes of prefix and H together: where the file bytes start. */
  readonly length: number;
};

export type ArchiveHeader = {
  readonly header: FileHeader;
  /** Size of the file before compression, in bytes, as the header says. */
  readonly size: number;
  /** Bytes of prefix and Z together: where the deflated bytes start. */
  readonly length: number;
};

/**
 * Bytes that the header of an archive file takes (prefix and Z), from its first 8 bytes.
 * `where` names the object in the error.
 */
export function archiveHeaderLength(prefix: Buffer, where: string): number {
  const length = prefix.length >= PREFIX_BYTES ? prefix.readUInt32BE(0) : 0;
  if (length === 0 || length > MAX_HEADER_BYTES || prefix.readUInt32BE(4) !== 0) {
    throw objectFault(where, 'does not start with an archive header');
  }
  return PREFIX_BYTES + length;
}

/** Parses prefix and Z; more bytes may follow them. */
export function parseArchiveHeader(bytes: Buffer, where: string): ArchiveHeader {
  const length = archiveHeaderLength(bytes, where);
  if (bytes.length < length) throw objectFault(where, 'is cut off inside its header');
  const parse = () => parseHeader(ARCHIVE_HEADER_TYPE, bytes.subarray(PREFIX_BYTES, length), where);
  const header = usualHeader('Z', bytes.subarray(PREFIX_BYTES + 8, length), parse);
  return { header, size: sizeIn(bytes), length };
}

/** Parses the header of a hashed stream, which {@link hashedHeader} made; more bytes may follow it. */
export function parseHashedHeader(bytes: Buffer, where: string): HashedHeader {
  const length = archiveHeaderLength(bytes, where);
  if (bytes.length < length) throw objectFault(where, 'is cut off inside its header');
  const fields = bytes.subarray(PREFIX_BYTES, length);
  return { header: usualHeader('H', fields, () => parseHeader(HASHED_HEADER_TYPE, fields, where)), length };
}

function usualHeader(kind: 'H' | 'Z', fields: Buffer, parse: () => FileHeader): FileHeader {
  if (fields.length > MAX_USUAL_BYTES) return parse();
  const key = `${kind}${fields.toString('latin1')}`;
  const known = usualHeaders.get(key);
  if (known !== undefined) return known;
  const header = parse();
  if (usualHeaders.size < MAX_USUAL) usualHeaders.set(key, header);
  return header;
}

function sizeIn(bytes: Buffer): number {
  return Number(bytes.readBigUInt64BE(PREFIX_BYTES));
}

function parseHeader(type: string, bytes: Buffer, where: string): FileHeader {
  const variant = view(type, bytes).check();
  // Only Z begins with a size.
  const first = type === ARCHIVE_HEADER_TYPE ? 1 : 0;
  const number = (index: number) => swap32(variant.child(first + index).value() as number);
  const header: FileHeader = {
    uid: number(0),
    gid: number(1),
    mode: number(2),
    target: variant.child(first + 4).value() as string,
    xattrs: Buffer.from(variant.child(first + 5).bytes),
  };
  if (number(3) !== 0) throw objectFault(where, 'has a device number');
  checkFileHeader(header, where);
  return header;
}

/** Throws ERR_OBJECT_CORRUPT unless the header is valid for a content object; `where` names the object. */
export function checkFileHeader(header: FileHeader, where: string): void {
  const kind = header.mode & S_IFMT;
  if ((kind !== S_IFREG && kind !== S_IFLNK) || (header.mode & ~(S_IFMT | PERMISSIONS)) !== 0) {
    const mode = `0${header.mode.toString(8)}`;
    throw objectFault(where, `has the mode ${mode}, neither a regular file's nor a symlink's`);
  }
  if (kind === S_IFREG && header.target !== '') {
    throw objectFault(where, 'is a regular file with a symlink target');
  }
}
