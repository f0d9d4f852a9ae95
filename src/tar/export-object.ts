/**
 * The entries of one content object C:
 *
 *     objects/…C.file-xattrs-link   its serialized xattrs, also when there are none
 *     PAX records                   the xattrs again, for tools that extract layers; no SELinux label
 *     objects/…C.file               the file or symlink itself
 *     the tree's path(s)            hard links to it; an empty file is repeated, because builders that
 *                                   write to a link would change the object
 *
 * The object is verified against its id while it is written. The size precedes the data, so a stream that is
 * shorter or longer is an error as well.
 */
import type { TreeportError } from '../base/errors.ts';
import { readAhead } from '../base/read-ahead.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { PERMISSIONS } from '../ostree/dirmeta.ts';
import { type FileHeader, isSymlink } from '../ostree/file-header.ts';
import { corruptObject } from '../ostree/object-fault.ts';
import type { ContentObject, ObjectSource } from '../ostree/object-source.ts';
import { fileDigest, requireFileDigest } from '../ostree/verify.ts';
import { parseXattrs } from '../ostree/xattrs.ts';
import { paxXattrs } from './entry.ts';
import type { TarHeader } from './header.ts';
import { objectPath } from './layout.ts';
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
  source: ObjectSource,
  checksum: Checksum,
): AsyncGenerator<Buffer, WrittenObject> {
  const object = await source.content(checksum);
  const { header } = object;
  writer.file(objectPath(checksum, 'file-xattrs-link'), header.xattrs);
  if (header.xattrs.length > 0) writer.dataAll(paxXattrs(extractedXattrs(header)));
  const entry = objectHeader(checksum, object);
  const block = writer.header(entry);
  yield* writeVerified(writer, checksum, object);
  writer.pad(entry.size);
  return { entry, block };
}

/** The header of an object's entry, without writing anything. */
export function objectHeader(checksum: Checksum, { header, size }: ContentObject): TarHeader {
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

async function* writeVerified(
  writer: TarWriter,
  checksum: Checksum,
  { header, size, stream }: ContentObject,
): AsyncGenerator<Buffer> {
  const pieces = size < LARGE_BYTES ? stream() : readAhead(stream(), 1);
  const digest = fileDigest(header);
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > size) throw wrongSize(checksum, size, 'more');
    digest.update(piece);
    writer.data(piece);
    yield* writer.takeFull();
  }
  if (length < size) throw wrongSize(checksum, size, `only ${length}`);
  requireFileDigest(digest, checksum);
}

function wrongSize(checksum: Checksum, size: number, found: string): TreeportError {
  return corruptObject(`${checksum}.file`, `its header says ${size} bytes, it has ${found}`);
}
