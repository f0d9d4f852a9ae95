/**
 * Checks of objects before libostree sees them: size, normal form, what our own readers require, and that
 * every repository mode gives the same object back. An object that could not be read back with the same id is
 * rejected.
 */
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import { read } from '../../gvariant/index.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { parseCommit } from '../../ostree/commit.ts';
import { parseDirmeta } from '../../ostree/dirmeta.ts';
import { checkDirtree } from '../../ostree/dirtree.ts';
import {
  checkFileHeader,
  type FileHeader,
  hashedHeader,
  isSymlink,
  SYMLINK_MODE,
} from '../../ostree/file-header.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { parseDict } from '../../ostree/metadata-dict.ts';
import { corruptObject, objectFault } from '../../ostree/object-fault.ts';
import type { HashedMetadataType } from '../../ostree/object-name.ts';
import { formatObjectName, type ObjectName } from '../../ostree/object-name.ts';
import type { ContentObject } from '../../ostree/object-source.ts';
import type { RepositoryMode } from '../../ostree/repo/open.ts';
import { XATTRS_TYPE } from '../../ostree/xattrs.ts';

/** PATH_MAX without the NUL. */
const MAX_TARGET_BYTES = 4095;

/** Throws ERR_OBJECT_CORRUPT, or ERR_REPO_MODE if this mode cannot store the object but others can. */
export function checkContent(
  checksum: Checksum | undefined,
  object: ContentObject,
  mode: RepositoryMode,
): void {
  const { header, size } = object;
  const where = nameOf(checksum);
  checkFileHeader(header, where);
  if (isSymlink(header)) checkSymlink(header, size, where);
  checkOwner(header, where);
  checkXattrs(header.xattrs, where);
  if (mode === 'bare-user-only') checkCanonical(header, where);
}

function checkSymlink({ mode, target }: FileHeader, size: number, where: string): void {
  if (mode !== SYMLINK_MODE) throw objectFault(where, `is a symlink of mode 0${mode.toString(8)}`);
  if (size !== 0) throw objectFault(where, 'is a symlink with content');
  const isPath = target !== '' && !target.includes('\0') && target.isWellFormed();
  if (!isPath || Buffer.byteLength(target) > MAX_TARGET_BYTES)
    throw objectFault(
      where,
      `is a symlink to ${JSON.stringify(target.slice(0, 100))}, which is not a valid path`,
    );
}

/** 4294967295 (-1) is not a valid id: system calls take it as "leave unchanged". */
function checkOwner({ uid, gid }: FileHeader, where: string): void {
  for (const id of [uid, gid]) {
    if (!Number.isInteger(id) || id < 0 || id >= 0xffffffff)
      throw objectFault(where, `has the invalid owner ${uid}:${gid}`);
  }
}

function checkXattrs(bytes: Uint8Array, where: string): void {
  if (bytes.length === 0) return;
  let previous: Buffer | undefined;
  for (const [name] of readXattrs(bytes, where)) {
    if (name.length < 2 || name.indexOf(0) !== name.length - 1)
      throw objectFault(where, 'has an extended attribute with an invalid name');
    if (previous !== undefined && Buffer.compare(previous, name) >= 0)
      throw objectFault(where, 'has unsorted extended attributes');
    previous = name;
  }
}

/** Pairs of name, including its NUL, and value. */
function readXattrs(bytes: Uint8Array, where: string): readonly (readonly [Buffer, Buffer])[] {
  try {
    return read(XATTRS_TYPE, bytes) as readonly (readonly [Buffer, Buffer])[];
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw objectFault(where, `has malformed extended attributes: ${error.message}`);
  }
}

function checkCanonical({ uid, gid, xattrs }: FileHeader, where: string): void {
  if (uid === 0 && gid === 0 && xattrs.length === 0) return;
  throw new TreeportError(
    'ERR_REPO_MODE',
    `${where} has an owner or extended attributes, which a repository of mode bare-user-only does not store; use mode bare-user, bare or archive`,
  );
}

/** Throws ERR_OBJECT_TOO_LARGE or ERR_OBJECT_CORRUPT. */
export function checkMetadata(type: HashedMetadataType, checksum: Checksum, bytes: Uint8Array): void {
  const parse = { commit: parseCommit, dirtree: checkDirtree, dirmeta: parseDirmeta }[type];
  checkObject({ type, checksum }, bytes, parse);
}

export function checkDetachedMetadata(commit: Checksum, bytes: Uint8Array): void {
  checkObject({ type: 'commitmeta', checksum: commit }, bytes, () => parseDict(bytes));
}

function checkObject(name: ObjectName, bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): void {
  const where = `object ${formatObjectName(name)}`;
  if (bytes.length > MAX_METADATA_BYTES)
    throw new TreeportError(
      'ERR_OBJECT_TOO_LARGE',
      `${where} has ${bytes.length} bytes, more than the ${MAX_METADATA_BYTES} that ostree clients take`,
    );
  try {
    parse(bytes);
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw corruptObject(formatObjectName(name), error.message, error);
  }
}

/** How messages name a content object. */
function nameOf(checksum: Checksum | undefined): string {
  return checksum === undefined ? 'a new content object' : `object ${checksum}.file`;
}

export type HashedStream = {
  readonly length: number;
  /** Exactly `length` bytes; ERR_OBJECT_CORRUPT if the object's stream has more or less than its size. */
  readonly pieces: AsyncIterable<Uint8Array>;
};

/** The stream whose SHA-256 is the id of a content object: header, then file bytes. */
export function hashedStream(checksum: Checksum | undefined, object: ContentObject): HashedStream {
  const header = hashedHeader(object.header);
  return { length: header.length + object.size, pieces: pieces(header, object, nameOf(checksum)) };
}

async function* pieces(header: Buffer, object: ContentObject, where: string): AsyncGenerator<Uint8Array> {
  yield header;
  if (isSymlink(object.header)) return;
  let size = 0;
  for await (const piece of object.stream()) {
    size += piece.length;
    if (size > object.size) break;
    yield piece;
  }
  if (size === object.size) return;
  const amount = size > object.size ? 'more' : `${size}`;
  throw objectFault(where, `has ${amount} bytes instead of ${object.size}`);
}
