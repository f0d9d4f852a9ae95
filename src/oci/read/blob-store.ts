/** Blob stores: an OCI layout directory or archive, whose files are read in place. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { blobPath, INDEX_FILE } from '../model/image-layout.ts';
import { type ArchiveFile, type ArchiveIndex, indexArchive } from './archive-index.ts';

export type { ArchiveFile } from './archive-index.ts';

/** A file of a layout. */
export type StoredFile = {
  /** Bytes. */
  readonly size: number;
  /** The bytes from `from` up to, and without, `to`; fewer if the file was cut meanwhile. */
  bytes(from: number, to: number): AsyncGenerator<Buffer>;
};

/** Gives the bytes of blobs, unverified (read-blob.ts verifies). */
export type BlobSource = {
  /** For messages. */
  readonly path: string;
  /**
   * ERR_BLOB_MISSING, and ERR_BLOB_CORRUPT if the size is known to be another. Each piece has memory of its
   * own, which the reader may free.
   */
  blob(descriptor: Descriptor): AsyncGenerator<Buffer>;
  /**
   * The bytes from `from` up to, and without, `to`, which lie within the blob. Errors as for `blob`. Layouts
   * and archives read at the position. skopeo has no ranges: there everything before `to` is transferred.
   */
  bytes(descriptor: Descriptor, from: number, to: number): AsyncGenerator<Uint8Array>;
};

export type BlobStore = BlobSource & {
  /** The file at a path inside the layout; undefined if there is none. */
  find(path: string): Promise<StoredFile | undefined>;
  close(): Promise<void>;
};

const PIECE_SIZE = 256 * 1024;

/** Opens a layout directory; ERR_IMAGE_MISSING if there is none. */
export async function openLayoutStore(directory: string): Promise<BlobStore> {
  const path = resolve(directory);
  const store: BlobStore = {
    path,
    find: (name) => findInDirectory(join(path, name)),
    blob: (descriptor) => readStored(store, descriptor, 0, descriptor.size),
    bytes: (descriptor, from, to) => readStored(store, descriptor, from, to),
    close: async () => {},
  };
  if ((await store.find(INDEX_FILE)) === undefined) throw missing(path, 'an OCI layout directory');
  return store;
}

/**
 * Opens an archive and reads its headers; ERR_IMAGE_MISSING if it has no image, ERR_IMAGE_UNSUPPORTED if it
 * is not a tar.
 */
export async function openArchiveStore(file: string): Promise<BlobStore> {
  const path = resolve(file);
  const handle = await openFile(path);
  if (handle === undefined || !(await handle.stat()).isFile()) {
    await handle?.close();
    throw missing(path, 'an OCI archive');
  }
  return archiveStoreOf(path, handle);
}

/** An archive that is open; it is closed with the store, or if this throws. Errors as above. */
export async function archiveStoreOf(path: string, file: ArchiveFile): Promise<BlobStore> {
  try {
    const index = await indexArchive(file, path);
    if (!index.has(INDEX_FILE)) throw missing(path, 'an OCI archive');
    return archiveStore(path, file, index);
  } catch (error) {
    await file.close();
    throw readError(error, path);
  }
}

function archiveStore(path: string, handle: ArchiveFile, index: ArchiveIndex): BlobStore {
  const store: BlobStore = {
    path,
    find: async (name) => {
      const member = index.get(name);
      if (member === undefined) return undefined;
      const { offset, size } = member;
      return { size, bytes: (from, to) => readRange(handle, path, offset + from, offset + to) };
    },
    blob: (descriptor) => readStored(store, descriptor, 0, descriptor.size),
    bytes: (descriptor, from, to) => readStored(store, descriptor, from, to),
    close: () => handle.close(),
  };
  return store;
}

async function* readStored(
  store: BlobStore,
  { digest, size }: Descriptor,
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  const file = await store.find(blobPath(digest));
  if (file === undefined)
    throw new TreeportError('ERR_BLOB_MISSING', `blob ${digest} is not in ${store.path}`);
  if (file.size !== size) {
    throw new TreeportError(
      'ERR_BLOB_CORRUPT',
      `blob ${digest} in ${store.path} is corrupt: it has ${file.size} bytes, its descriptor says ${size}`,
    );
  }
  yield* file.bytes(from, to);
}

async function findInDirectory(path: string): Promise<StoredFile | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) return undefined;
    return { size: found.size, bytes: (from, to) => readFileRange(path, from, to) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw readError(error, path);
  }
}

async function* readFileRange(path: string, from: number, to: number): AsyncGenerator<Buffer> {
  const handle = await openFile(path);
  if (handle === undefined)
    throw new TreeportError('ERR_BLOB_MISSING', `${path} disappeared before it could be read`);
  try {
    yield* readRange(handle, path, from, to);
  } finally {
    await handle.close();
  }
}

/** The bytes from `from` up to `to`; fewer if the file ends before. */
async function* readRange(
  handle: ArchiveFile,
  path: string,
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  for (let position = from; position < to; ) {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_SIZE, to - position));
    const { bytesRead } = await handle.read(piece, 0, piece.length, position).catch((error) => {
      throw readError(error, path);
    });
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    position += bytesRead;
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw readError(error, path);
  }
}

function missing(path: string, what: string): TreeportError {
  return new TreeportError('ERR_IMAGE_MISSING', `${path} is not ${what}`);
}

function readError(error: unknown, path: string): unknown {
  if (errnoOf(error) === undefined) return error;
  return new TreeportError('ERR_IO', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
}
