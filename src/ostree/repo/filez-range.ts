/** Archive files (`.filez`) that are a range of an open file: read, decoded, verified. */
import { read as readCallback, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Checksum } from '../checksum.ts';
import { archiveHeaderLength } from '../file-header.ts';
import { corruptObject } from '../object-fault.ts';
import type { StoredObject } from '../object-source.ts';
import type { FileRange } from '../ready-objects.ts';
import { verifyContent } from '../verify.ts';
import { archiveObject } from './archive.ts';

const read = promisify(readCallback);

const PIECE_BYTES = 256 * 1024;

/** Decodes the object, which can be read as long as the file is open; ERR_OBJECT_CORRUPT, ERR_VARIANT. */
export function objectInRange(range: FileRange, checksum: Checksum): StoredObject {
  return decode(range, readStart(range, nameOf(checksum)), checksum);
}

/**
 * The archive file itself, when its object was verified: in memory, in a buffer of its own, if it is small,
 * else in pieces. ERR_OBJECT_CORRUPT, ERR_VARIANT.
 */
export async function verifiedRange(
  range: FileRange,
  checksum: Checksum,
): Promise<Buffer | AsyncIterable<Buffer>> {
  const start = readStart(range, nameOf(checksum));
  await verifyContent(decode(range, start, checksum), checksum);
  return start.length === range.length ? start : pieces(range, 0, nameOf(checksum));
}

function nameOf(checksum: Checksum): string {
  return `${checksum}.filez`;
}

function decode(range: FileRange, start: Buffer, checksum: Checksum): StoredObject {
  const name = nameOf(checksum);
  const rest = (skipped: number) => pieces(range, skipped, name);
  return archiveObject({ bytes: start, complete: start.length === range.length }, name, rest);
}

/** The whole archive file if it is small, else at least its header. */
function readStart({ fd, from, length }: FileRange, name: string): Buffer {
  const readTo = (end: number): Buffer => {
    const bytes = Buffer.allocUnsafeSlow(Math.min(length, end));
    if (readSync(fd, bytes, 0, bytes.length, from) === bytes.length) return bytes;
    throw corruptObject(name, 'it is cut off');
  };
  const start = readTo(PIECE_BYTES);
  const header = archiveHeaderLength(start, `object ${name}`);
  return header <= start.length ? start : readTo(header);
}

async function* pieces(
  { fd, from, length }: FileRange,
  skipped: number,
  name: string,
): AsyncGenerator<Buffer> {
  const end = from + length;
  for (let position = from + skipped; position < end; ) {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, end - position));
    const { bytesRead } = await read(fd, piece, 0, piece.length, position);
    if (bytesRead === 0) throw corruptObject(name, 'it is cut off');
    position += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}
