/**
 * Where objects are read from: the central interface of treeport. Each repository mode implements it, and so
 * does the published repo of a mirror image; exporting, checking, comparing and serving work on all of them.
 *
 * A source does not verify objects; see verify.ts. Missing objects are ERR_OBJECT_MISSING,
 * objects that cannot be opened or read ERR_OBJECT_UNREADABLE, both naming the object.
 */
import { checkRange } from './byte-range.ts';
import type { Checksum } from './checksum.ts';
import type { FileHeader } from './file-header.ts';
import type { HashedMetadataType, MetadataType, ObjectName } from './object-name.ts';

export type ContentObject = {
  readonly header: FileHeader;
  /** File bytes; 0 for a symlink. */
  readonly size: number;
  /**
   * The file's bytes from the start, in pieces; nothing for a symlink. May be called again.
   *
   * A source that does not have the bytes in memory may read them into `memory`: each piece behind the one
   * before it, and from the start again when `memory` is full. Such a piece lasts until the next is
   * requested.
   */
  stream(memory?: Buffer): AsyncIterable<Uint8Array>;
};

/** A content object in a repository: any range of it can be read. */
export type StoredObject = ContentObject & {
  /**
   * The file's bytes from `from` up to, and without, `to`; RangeError beyond {@link ContentObject.size}. Not
   * verified. Bare modes read at the position; in archives everything before `to` is inflated.
   */
  bytes(from: number, to: number): AsyncIterable<Uint8Array>;
  /**
   * Gives all of the file's bytes to `take`, in pieces whose memory the next piece overwrites. Frees the
   * object's memory, so nothing can be read afterwards. Blocks, so it is for threads that read one object
   * after another.
   */
  readInPlace?(take: (piece: Uint8Array) => void): Promise<void>;
};

/** What is known of a content object without its bytes. */
export type ContentHead = Pick<ContentObject, 'header' | 'size'>;

/** A content object whose file is open; the caller closes it. */
export type OpenedContent = {
  readonly header: FileHeader;
  readonly size: number;
  /** The open file, if it holds the object's bytes and nothing else. */
  readonly fd?: number;
  /** Fills `memory` with the next bytes; returns their number, less than asked for at the end. Blocks. */
  read(memory: Uint8Array): number;
  close(): void;
};

export type ObjectSource = {
  /** True if there is such an object; its bytes are not verified. */
  has(name: ObjectName): Promise<boolean>;
  /** The serialized variant of a metadata object. */
  metadata(type: MetadataType, checksum: Checksum): Promise<Buffer>;
  /** Header and content of a file object. ERR_OBJECT_MISSING. */
  content(checksum: Checksum): Promise<StoredObject>;
  /** Header and size alone, if that takes less than {@link content}; see {@link contentHead}. */
  head?(checksum: Checksum): Promise<ContentHead>;
  /**
   * The short way to read a whole object, for callers that read one object after another: opens its file
   * once. Undefined if the source has none, or none that holds just the object's bytes; use `content` then.
   */
  openContent?(checksum: Checksum): OpenedContent | undefined;
  /** Every object in the source, in no particular order. */
  list(): AsyncIterable<ObjectName>;
};

/** The part of a source that readers of content need. */
export type ContentReader = Pick<ObjectSource, 'content' | 'openContent'>;

/** The part of a source that readers of metadata need: walks, and {@link verifiedMetadata} in load.ts. */
export type MetadataSource<Type extends MetadataType = HashedMetadataType> = {
  metadata(type: Type, checksum: Checksum): Promise<Buffer>;
};

/** Header and size of a content object. */
export function contentHead(source: ObjectSource, checksum: Checksum): Promise<ContentHead> {
  return source.head?.(checksum) ?? source.content(checksum);
}

/** The stream of a symlink. */
export async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** A stored object without bytes: a symlink or an empty file. */
export function storedEmpty(header: FileHeader): StoredObject {
  return {
    header,
    size: 0,
    stream: noBytes,
    bytes: (from, to) => {
      checkRange(from, to, 0);
      return noBytes();
    },
  };
}

/** A stored object whose bytes are in memory. */
export function storedBytes(header: FileHeader, content: Buffer): StoredObject {
  const piece = async function* (bytes: Buffer) {
    if (bytes.length > 0) yield bytes;
  };
  return {
    header,
    size: content.length,
    stream: () => piece(content),
    bytes: (from, to) => {
      checkRange(from, to, content.length);
      return piece(content.subarray(from, to));
    },
  };
}
