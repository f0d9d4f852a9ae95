/**
 * Encodes header blocks of 512 bytes as tar-rs does, so that streams equal those of ostree-ext byte for byte:
 *
 *     name 0+100 · mode 100+8 · uid 108+8 · gid 116+8 · size 124+12 · mtime 136+12 · chksum 148+8
 *     typeflag 156 · linkname 157+100 · magic and version 257+8 · rest NUL
 *
 * Numbers are zero-padded octal digits and a NUL (the checksum too: 7 digits), or base-256 where octal
 * has no room. A text shorter than its field ends with one NUL.
 *
 * A path may have `./` in front, as ostree-ext gives those of the commit walk. The name field never shows it.
 * The long-name entry does, and the name field counts it where it cuts the path.
 *
 * A header may be encoded *over* an earlier one, as tar-rs does when it reuses a header: the bytes after the
 * NUL of a shorter text then remain. Readers stop at the NUL, but layer digests cover them.
 */
export const BLOCK_BYTES = 512;

export type EntryType = 'file' | 'hardlink' | 'symlink' | 'directory';

export type TarHeader = {
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits, without the file type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data that follow. */
  readonly size: number;
  /** Where a link points; empty for others. */
  readonly target: string;
  /** Seconds; 0 if not given, as everywhere in the ostree formats. */
  readonly mtime?: number;
};

const TYPE_FLAGS: Readonly<Record<EntryType, number>> = {
  file: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  directory: 0x35,
};

const TEXT_BYTES = 100;
const NAME_AT = 0;
const MODE_AT = 100;
const UID_AT = 108;
const GID_AT = 116;
const SIZE_AT = 124;
const MTIME_AT = 136;
const CHECKSUM_AT = 148;
const TYPE_AT = 156;
const TARGET_AT = 157;
const MAGIC_AT = 257;
/** The bytes behind the magic and version are NUL. */
const USED_BYTES = MAGIC_AT + 8;

const ID_BYTES = 8;
const SIZE_BYTES = 12;

/** Copied for each header: unlike Buffer.alloc, Buffer.from takes memory for several at once. */
const GNU_BLOCK = blockWithMagic('ustar  \0');
const USTAR_BLOCK = blockWithMagic('ustar\x0000');
const LONG_NAME_BLOCK = longNameBlock();

/** True if a path needs a long-name entry before the header; a leading `./` does not count. */
export function isLongPath(path: string): boolean {
  return isLong(withoutDot(path));
}

/** True if a link target needs a long-name entry before the header. */
export function isLong(text: string): boolean {
  return text.length > TEXT_BYTES || (text.length * 3 > TEXT_BYTES && Buffer.byteLength(text) > TEXT_BYTES);
}

/** One GNU header block; texts that are too long for their field are cut. */
export function encodeHeader(header: TarHeader, over?: Buffer): Buffer {
  const block = Buffer.from(over ?? GNU_BLOCK);
  writePath(block, header.path);
  writeNumber(block, MODE_AT, ID_BYTES, header.mode);
  writeNumber(block, UID_AT, ID_BYTES, header.uid);
  writeNumber(block, GID_AT, ID_BYTES, header.gid);
  writeNumber(block, SIZE_AT, SIZE_BYTES, header.size);
  writeNumber(block, MTIME_AT, SIZE_BYTES, header.mtime ?? 0);
  block[TYPE_AT] = TYPE_FLAGS[header.type];
  if (header.target !== '') {
    writeText(block, TARGET_AT, isLong(header.target) ? wholeComponents(header.target) : header.target);
  }
  return seal(block);
}

/** Header of a long-name entry: `L` for a path, `K` for a link target. */
export function encodeLongNameHeader(flag: 'L' | 'K', size: number): Buffer {
  const block = Buffer.from(LONG_NAME_BLOCK);
  writeNumber(block, SIZE_AT, SIZE_BYTES, size);
  block.write(flag, TYPE_AT, 'latin1');
  return seal(block);
}

/** Header of a PAX entry: a ustar header without name, mode and owner. */
export function encodePaxHeader(size: number): Buffer {
  const block = Buffer.from(USTAR_BLOCK);
  writeNumber(block, SIZE_AT, SIZE_BYTES, size);
  writeNumber(block, MTIME_AT, SIZE_BYTES, 0);
  block.write('x', TYPE_AT, 'latin1');
  return seal(block);
}

function blockWithMagic(magic: string): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(magic, MAGIC_AT, 'latin1');
  return block;
}

function longNameBlock(): Buffer {
  const block = encodeHeader({ path: '', type: 'file', mode: 0o644, uid: 0, gid: 0, size: 0, target: '' });
  writeText(block, NAME_AT, '././@LongLink');
  return block;
}

function writeText(block: Buffer, at: number, text: string): void {
  // Never writes a part of a character.
  const written = block.write(text, at, TEXT_BYTES, 'utf8');
  if (written < TEXT_BYTES) block[at + written] = 0;
}

/**
 * tar-rs writes a long path twice: component by component until one does not fit, then the cut path over it.
 * The last byte of the first may stay behind the end of the second.
 */
function writePath(block: Buffer, path: string): void {
  const name = withoutDot(path);
  if (!isLong(name)) {
    writeText(block, NAME_AT, name);
    return;
  }
  writeText(block, NAME_AT, wholeComponents(name));
  writeText(block, NAME_AT, cutPath(path));
}

/** What the name field shows of a long path: what fits with its `./`, but no component `.` at its end. */
function cutPath(path: string): string {
  return withoutDot(fitting(path).replace(/\/\.$/, ''));
}

/** The path without `./` in front, but for the root, which is nothing else. */
function withoutDot(path: string): string {
  return path.startsWith('./') && path.length > 2 ? path.slice(2) : path;
}

/** The leading components that fit whole, and their `/`: what the linkname field shows of a long target. */
function wholeComponents(text: string): string {
  const cut = fitting(text);
  return text[cut.length] === '/' ? cut : cut.slice(0, cut.lastIndexOf('/') + 1);
}

function fitting(text: string): string {
  // Most paths are ASCII, whose characters are bytes.
  if (Buffer.byteLength(text) === text.length) return text.slice(0, TEXT_BYTES);
  const field = Buffer.alloc(TEXT_BYTES);
  return field.toString('utf8', 0, field.write(text, 'utf8'));
}

function writeNumber(block: Buffer, at: number, width: number, value: number): void {
  if (value >= 8 ** (width - 1)) {
    writeBase256(block, at, width, value);
    return;
  }
  const last = at + width - 1;
  block[last] = 0;
  // The low 30 bits are integers to the processor, the rest of a large size is not.
  let high = value < 2 ** 30 ? 0 : Math.floor(value / 2 ** 30);
  let low = value < 2 ** 30 ? value : value % 2 ** 30;
  for (let digit = last - 1; digit >= at; digit--) {
    block[digit] = 0x30 + (low & 7);
    low >>>= 3;
    if (digit !== last - 10 || high === 0) continue;
    low = high;
    high = 0;
  }
}

/** 0x80, then the value big-endian. */
function writeBase256(block: Buffer, at: number, width: number, value: number): void {
  block.fill(0, at, at + width);
  block.writeUIntBE(value, at + width - 6, 6);
  block[at] = 0x80;
}

/** Sets the checksum: the sum of all bytes, those of the checksum taken as spaces. */
function seal(block: Buffer): Buffer {
  for (let at = CHECKSUM_AT; at < CHECKSUM_AT + ID_BYTES; at++) block[at] = 0x20;
  let sum = 0;
  for (let at = 0; at < USED_BYTES; at++) sum += block[at] as number;
  writeNumber(block, CHECKSUM_AT, ID_BYTES, sum);
  return block;
}
