/**
 * Writes an image as an OCI archive, `oci-archive:FILE[:TAG]`: a tar of a layout, in one pass.
 *
 * The size of a blob is known only after it is written, so its header is filled in afterwards. All headers
 * have the same owner (root:root) and time (0), so that the same image gives the same bytes. The file is
 * built under a temporary name beside the final one.
 */
import { open, stat } from 'node:fs/promises';
import { writeError } from '../../base/atomic-file.ts';
import { errnoOf, isTreeportError, TreeportError } from '../../base/errors.ts';
import { followLinks } from '../../base/output-target.ts';
import { Temporary } from '../../base/temporary.ts';
import { END_OF_ARCHIVE, padding } from '../../tar/entry.ts';
import { BLOCK_BYTES, encodeHeader } from '../../tar/header.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import type { Descriptor, Digest, Platform } from '../model/descriptor.ts';
import {
  BLOB_DIRECTORY,
  blobPath,
  EMPTY_INDEX,
  INDEX_FILE,
  indexEntry,
  LAYOUT_FILE,
  LAYOUT_MARKER,
  withEntry,
} from '../model/image-layout.ts';
import type { LayoutLocation } from '../model/reference.ts';
import { indexArchive } from '../read/archive-index.ts';
import type { BlobWriter, ImageSink } from './image-sink.ts';
import { OutputFile } from './output-file.ts';

const BLANK = Buffer.alloc(BLOCK_BYTES);

/**
 * Starts an image that replaces an existing archive. ERR_IMAGE_TARGET if the target exists and is not an
 * archive.
 */
export async function createArchiveSink(location: LayoutLocation): Promise<ImageSink> {
  const target = await followLinks(location.path);
  await checkTarget(target);
  let temporary: Temporary | undefined;
  try {
    temporary = await Temporary.create(target, 'file', 0o644);
    const file = await OutputFile.open(temporary.path, target);
    const sink = new ArchiveSink(file, { temporary, target, tag: location.tag });
    await sink.prepare();
    return sink;
  } catch (error) {
    await temporary?.remove();
    throw writeError(error, target);
  }
}

type ArchivePlace = {
  readonly temporary: Temporary;
  readonly target: string;
  readonly tag: string | undefined;
};

class ArchiveSink implements ImageSink {
  readonly #file: OutputFile;
  readonly #place: ArchivePlace;
  readonly #blobs = new Set<Digest>();
  /** Resolves when the most recently opened blob has ended. */
  #turn: Promise<void> = Promise.resolve();

  constructor(file: OutputFile, place: ArchivePlace) {
    this.#file = file;
    this.#place = place;
  }

  async prepare(): Promise<void> {
    for (const path of ['blobs/', `${BLOB_DIRECTORY}/`]) await this.#file.append(directoryHeader(path));
  }

  async has({ digest }: Descriptor): Promise<boolean> {
    return this.#blobs.has(digest);
  }

  async openBlob(): Promise<BlobWriter> {
    const before = this.#turn;
    const { promise, resolve: done } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    const start = this.#file.position;
    try {
      await this.#file.append(BLANK);
    } catch (error) {
      done();
      throw error;
    }
    return new ArchiveBlob(this.#file, start, this.#blobs, done);
  }

  async finish(manifest: Descriptor, platform: Platform | undefined): Promise<void> {
    const { temporary, target, tag } = this.#place;
    await this.#turn;
    const index = withEntry(EMPTY_INDEX, indexEntry(manifest, platform, tag));
    await this.#addFile(LAYOUT_FILE, LAYOUT_MARKER);
    await this.#addFile(INDEX_FILE, canonicalJson(index));
    await this.#file.append(END_OF_ARCHIVE);
    await this.#file.finish();
    try {
      await temporary.rename(target);
    } catch (error) {
      throw writeError(error, target);
    }
  }

  async abort(): Promise<void> {
    await this.#file.close();
    await this.#place.temporary.remove();
  }

  async #addFile(path: string, bytes: Buffer): Promise<void> {
    await this.#file.append(fileHeader(path, bytes.length));
    await this.#file.append(bytes);
    await this.#file.append(padding(bytes.length));
  }
}

class ArchiveBlob implements BlobWriter {
  readonly #file: OutputFile;
  readonly #start: number;
  readonly #blobs: Set<Digest>;
  readonly #done: () => void;

  constructor(file: OutputFile, start: number, blobs: Set<Digest>, done: () => void) {
    this.#file = file;
    this.#start = start;
    this.#blobs = blobs;
    this.#done = done;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#file.append(bytes);
  }

  async commit(digest: Digest): Promise<void> {
    if (this.#blobs.has(digest)) {
      await this.#file.truncate(this.#start);
      this.#done();
      return;
    }
    const size = this.#file.position - this.#start - BLOCK_BYTES;
    await this.#file.append(padding(size));
    await this.#file.writeAt(fileHeader(blobPath(digest), size), this.#start);
    this.#blobs.add(digest);
    this.#done();
  }

  async abort(): Promise<void> {
    // If truncating fails, the sticky error of the file makes all later calls fail.
    await this.#file.truncate(this.#start).catch(() => {});
    this.#done();
  }
}

function fileHeader(path: string, size: number): Buffer {
  return encodeHeader({ path, type: 'file', mode: 0o644, uid: 0, gid: 0, size, target: '' });
}

function directoryHeader(path: string): Buffer {
  return encodeHeader({ path, type: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0, target: '' });
}

/** Only an OCI archive or an empty file may be replaced. */
async function checkTarget(target: string): Promise<void> {
  if (await isReplaceable(target)) return;
  throw new TreeportError(
    'ERR_IMAGE_TARGET',
    `${target} exists and is not an OCI archive; it was left as it is`,
  );
}

async function isReplaceable(target: string): Promise<boolean> {
  try {
    const found = await stat(target);
    if (!found.isFile()) return false;
    if (found.size === 0) return true;
    await using file = await open(target, 'r');
    return (await indexArchive(file, target)).has(LAYOUT_FILE);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    if (isTreeportError(error, 'ERR_IMAGE_UNSUPPORTED')) return false;
    throw writeError(error, target);
  }
}
