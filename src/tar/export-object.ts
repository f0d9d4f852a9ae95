/**
 * The entries of one content object C:
 *
 *     objects/…C.file-xattrs-link   its serialized xattrs, also when there are none
 *     PAX records                   the xattrs again, for tools that extract layers; no SELinux label
 *     objects/…C.file               the file or symlink itself
 *     the tree's path(s)            hard links to it; an empty file is repeated, because builders that
 *                                   write to a link would change the object
 *
 * The id is written as a check of the pieces (piece-checks.ts). The size precedes the data, so a stream that
 * is shorter or longer is an error as well.
 */
import type { TreeportError } from '../base/errors.ts';
import { readAhead } from '../base/read-ahead.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { PERMISSIONS } from '../ostree/dirmeta.ts';
import { type FileHeader, isSymlink } from '../ostree/file-header.ts';
import { corruptObject } from '../ostree/object-fault.ts';
import type { ContentHead, ContentObject, ContentReader, OpenedContent } from '../ostree/object-source.ts';
import { parseXattrs } from '../ostree/xattrs.ts';
import { paxXattrs } from './entry.ts';
import type { TarHeader } from './header.ts';
import { objectPath } from './layout.ts';
import type { CheckedPiece } from './piece-checks.ts';
import type { TarWriter } from './writer.ts';

/** The policy of the running system assigns labels, not a layer. */
const SELINUX = Buffer.from('security.selinux');

/** Objects from this size on have several pieces, which are read while the one before is hashed. */
const LARGE_BYTES = 256 * 1024;

export type WrittenObject = {
  readonly entry: TarHeader;
  /** The header block of its entry: the object's links are encoded over it. */
  readonly block: Buffer;
};

/** Writes the object itself. Yields pieces as they become full. */
export async function* exportObject(
  writer: TarWriter,
  source: ContentReader,
  checksum: Checksum,
): AsyncGenerator<CheckedPiece, WrittenObject> {
  const opened = source.openContent?.(checksum);
  const later = opened && writer.readLater(checksum, opened);
  try {
    const object = opened ?? (await source.content(checksum));
    const { header, size } = object;
    writer.file(objectPath(checksum, 'file-xattrs-link'), header.xattrs);
    if (header.xattrs.length > 0) writer.dataAll(paxXattrs(extractedXattrs(header)));
    const entry = objectHeader(checksum, object);
    const block = writer.header(entry);
    writer.beginObject(header, later);
    if (later !== undefined) yield* roomFor(writer, size);
    else yield* 'read' in object ? readInto(writer, checksum, object) : streamInto(writer, checksum, object);
    writer.endObject(checksum);
    writer.pad(size);
    return { entry, block };
  } finally {
    if (later === undefined) opened?.close();
  }
}

/** The header of an object's entry, without writing anything. */
export function objectHeader(checksum: Checksum, { header, size }: ContentHead): TarHeader {
  const { uid, gid, mode, target } = header;
  const type = isSymlink(header) ? 'symlink' : 'file';
  return { path: objectPath(checksum, 'file'), type, mode: mode & PERMISSIONS, uid, gid, size, target };
}

/**
 * Writes `path` of the tree as a link to an object; `over`: the object's block if it was written just before.
 */
export function writeLink(writer: TarWriter, path: string, object: TarHeader, over?: Buffer): void {
  const isEmpty = object.type === 'file' && object.size === 0;
  const type = isEmpty ? 'file' : 'hardlink';
  writer.header({ ...object, path, type, size: 0, target: isEmpty ? '' : object.path }, over);
}

function extractedXattrs(header: FileHeader) {
  return parseXattrs(header.xattrs).filter(({ name }) => !name.equals(SELINUX));
}

function* roomFor(writer: TarWriter, size: number): Generator<CheckedPiece> {
  for (let length = 0; length < size; ) {
    const count = Math.min(writer.room().length, size - length);
    writer.advance(count);
    length += count;
    yield* writer.takeFull();
  }
}

function* readInto(writer: TarWriter, checksum: Checksum, object: OpenedContent): Generator<CheckedPiece> {
  const { size } = object;
  for (let length = 0; length < size; ) {
    const room = writer.room();
    const count = object.read(room.subarray(0, size - length));
    if (count === 0) throw wrongSize(checksum, size, `only ${length}`);
    writer.advance(count);
    length += count;
    yield* writer.takeFull();
  }
}

async function* streamInto(
  writer: TarWriter,
  checksum: Checksum,
  { size, stream }: ContentObject,
): AsyncGenerator<CheckedPiece> {
  const pieces = size < LARGE_BYTES ? stream() : readAhead(stream(), 1);
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > size) throw wrongSize(checksum, size, 'more');
    writer.data(piece);
    yield* writer.takeFull();
  }
  if (length < size) throw wrongSize(checksum, size, `only ${length}`);
}

function wrongSize(checksum: Checksum, size: number, found: string): TreeportError {
  return corruptObject(`${checksum}.file`, `its header says ${size} bytes, it has ${found}`);
}
