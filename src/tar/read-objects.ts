/**
 * Reads the objects of an ostree tar stream of any generation: whole commits, ostree layers and component
 * layers, with the xattrs of content objects in each of the ways of object-entry.ts. Every object is verified
 * against its name; detached metadata has no checksum to verify.
 *
 * xattrs directly precede their object. Only v0 omits them for an object that has none; other streams write
 * empty ones.
 */
import { collect, copyPieces } from '../base/bytes.ts';
import { isTreeportError, messageOf } from '../base/errors.ts';
import { type Checksum, checksumOf } from '../ostree/checksum.ts';
import { PERMISSIONS } from '../ostree/dirmeta.ts';
import { type FileHeader, isSymlink, S_IFREG, SYMLINK_MODE } from '../ostree/file-header.ts';
import { MAX_KEPT_XATTRS_BYTES, MAX_STREAM_METADATA_BYTES, MAX_XATTRS_BYTES } from '../ostree/limits.ts';
import type { ContentObject } from '../ostree/object-source.ts';
import { verifiedStream, verifyMetadata } from '../ostree/verify.ts';
import { NO_XATTRS, parseXattrs } from '../ostree/xattrs.ts';
import { classifyEntry, entryFault, type TarMetadataType, xattrsTarget } from './object-entry.ts';
import { placedStream, withPlacedFaults } from './placed-fault.ts';
import { type ReadEntry, readEntries } from './read-entries.ts';

export type TarMetadata = {
  readonly kind: 'metadata';
  /** As that of a ReadEntry. */
  readonly header: number;
  readonly type: TarMetadataType;
  readonly checksum: Checksum;
  readonly bytes: Buffer;
};

export type TarContent = {
  readonly kind: 'content';
  /** As that of a ReadEntry. */
  readonly header: number;
  readonly checksum: Checksum;
  /**
   * `stream()` can be read once, before the next object is requested; it throws ERR_OBJECT_CORRUPT at its
   * end. An unread stream is skipped without verification. Symlinks and empty files are already verified.
   */
  readonly object: ContentObject;
};

export type TarObject = TarMetadata | TarContent;

export type ReadObjectsOptions = {
  /** Larger metadata objects are refused. MAX_STREAM_METADATA_BYTES unless given. */
  readonly maxMetadataBytes?: number;
  /** False yields objects unverified, for an ObjectSink, which verifies them itself. True unless given. */
  readonly verify?: boolean;
};

const MAX_ID = 0xffffffff;

/**
 * Yields the objects of an uncompressed tar stream in its order. Throws ERR_TAR for a stream that is
 * malformed or cut off, ERR_TAR_OBJECT for an entry that breaks the rules, ERR_OBJECT_CORRUPT for an object
 * that does not match its name; all say at which byte their entry begins. object-order.ts checks the order of
 * objects.
 *
 * A piece of `tar` may last until the next is requested. The same then holds for pieces of content; metadata
 * and extended attributes are copies.
 */
export async function* readObjects(
  tar: AsyncIterable<Uint8Array>,
  options: ReadObjectsOptions = {},
): AsyncGenerator<TarObject> {
  const reader = new ObjectReader(options);
  for await (const entry of readEntries(tar)) {
    const object = await withPlacedFaults(entry.header, () => reader.read(entry));
    if (object !== undefined) yield object;
  }
}

class ObjectReader {
  readonly #maxMetadataBytes: number;
  readonly #verify: boolean;
  /** Extended attributes that links refer to, by their checksum. */
  readonly #xattrs = new Map<Checksum, Buffer>();
  #xattrsBytes = 0;
  /** Extended attributes of the next content object. */
  #pending: { readonly checksum: Checksum; readonly xattrs: Buffer } | undefined;
  #mayLackXattrs = true;

  constructor({ maxMetadataBytes = MAX_STREAM_METADATA_BYTES, verify = true }: ReadObjectsOptions) {
    this.#maxMetadataBytes = maxMetadataBytes;
    this.#verify = verify;
  }

  /** Processes an entry; returns the object that it completes, if any. */
  async read(entry: ReadEntry): Promise<TarObject | undefined> {
    const found = classifyEntry(entry);
    switch (found?.kind) {
      case undefined:
        return undefined;
      case 'config':
        this.#mayLackXattrs = false;
        return undefined;
      case 'xattrs':
        await this.#keepXattrs(entry, found.checksum);
        return undefined;
      case 'xattrs link':
        await this.#link(entry, found.checksum);
        return undefined;
      case 'metadata':
        return this.#metadata(entry, found.type, found.checksum);
      case 'content':
        return this.#content(entry, found.checksum);
    }
  }

  async #keepXattrs(entry: ReadEntry, checksum: Checksum): Promise<void> {
    if (this.#xattrs.has(checksum)) return;
    const xattrs = await readXattrs(entry, checksum);
    this.#xattrsBytes += xattrs.length;
    if (this.#xattrsBytes > MAX_KEPT_XATTRS_BYTES)
      throw entryFault(
        entry.path,
        `more than ${MAX_KEPT_XATTRS_BYTES} bytes of attributes to link to are not accepted`,
      );
    this.#xattrs.set(checksum, xattrs);
  }

  async #link(entry: ReadEntry, checksum: Checksum): Promise<void> {
    if (this.#pending !== undefined) {
      throw entryFault(entry.path, `no object follows the attributes of ${this.#pending.checksum} before it`);
    }
    const xattrs = entry.type === 'link' ? this.#linkedXattrs(entry) : await readXattrs(entry);
    this.#pending = { checksum, xattrs };
  }

  #linkedXattrs({ path, target }: ReadEntry): Buffer {
    const checksum = xattrsTarget(path, target);
    const xattrs = this.#xattrs.get(checksum);
    if (xattrs === undefined)
      throw entryFault(path, `the attributes ${checksum} are not in the stream before it`);
    return xattrs;
  }

  async #metadata(entry: ReadEntry, type: TarMetadataType, checksum: Checksum): Promise<TarObject> {
    const bytes = await readSmall(entry, this.#maxMetadataBytes);
    if (this.#verify) verifyMetadata(type, checksum, bytes);
    return { kind: 'metadata', header: entry.header, type, checksum, bytes };
  }

  async #content(entry: ReadEntry, checksum: Checksum): Promise<TarObject> {
    const fileHeader = contentHeader(entry, this.#takeXattrs(entry, checksum));
    const size = isSymlink(fileHeader) ? 0 : entry.size;
    const unverified: ContentObject = { header: fileHeader, size, stream: () => entry.data };
    const { header } = entry;
    if (!this.#verify) return { kind: 'content', header, checksum, object: unverified };
    const verified = verifiedStream(unverified, checksum);
    if (size === 0) await collect(verified);
    const stream = placedStream(verified, header);
    return { kind: 'content', header, checksum, object: { header: fileHeader, size, stream: () => stream } };
  }

  #takeXattrs({ path }: ReadEntry, checksum: Checksum): Buffer {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined && this.#mayLackXattrs) return NO_XATTRS;
    if (pending === undefined) throw entryFault(path, 'its extended attributes do not stand before it');
    if (pending.checksum === checksum) return pending.xattrs;
    throw entryFault(path, `the extended attributes before it are those of object ${pending.checksum}`);
  }
}

function contentHeader(entry: ReadEntry, xattrs: Buffer): FileHeader {
  const { path, type, mode, target } = entry;
  const owner = { uid: ownerId(path, entry.uid), gid: ownerId(path, entry.gid) };
  if (type === 'file') return { ...owner, mode: S_IFREG | (mode & PERMISSIONS), target: '', xattrs };
  if (type === 'symlink') return { ...owner, mode: SYMLINK_MODE, target, xattrs };
  throw entryFault(
    path,
    `an object is a regular file or a symlink, not a ${type ?? 'thing of unknown type'}`,
  );
}

function ownerId(path: string, id: number): number {
  if (Number.isInteger(id) && id >= 0 && id <= MAX_ID) return id;
  throw entryFault(path, `${id} is not a user or group id`);
}

/** Reads extended attributes; verifies them if `checksum` is given. */
async function readXattrs(entry: ReadEntry, checksum?: Checksum): Promise<Buffer> {
  const bytes = await readSmall(entry, MAX_XATTRS_BYTES);
  if (checksum !== undefined && checksumOf(bytes) !== checksum) {
    throw entryFault(entry.path, 'its bytes do not give the checksum in its name');
  }
  try {
    parseXattrs(bytes);
  } catch (error) {
    throw isTreeportError(error, 'ERR_VARIANT') ? entryFault(entry.path, messageOf(error)) : error;
  }
  return bytes;
}

async function readSmall({ path, type, size, data }: ReadEntry, maxBytes: number): Promise<Buffer> {
  if (type !== 'file')
    throw entryFault(path, `it is a ${type ?? 'thing of unknown type'}, not a regular file`);
  if (size > maxBytes) throw entryFault(path, `it has ${size} bytes; more than ${maxBytes} are not accepted`);
  // A copy, because a piece of the stream may last until the next is requested only.
  const bytes = Buffer.allocUnsafeSlow(size);
  await copyPieces(data, bytes);
  return bytes;
}
