/**
 * Content objects of archive repositories: `.filez` files (see file-header.ts for their layout).
 */
import { closeSync, readSync } from 'node:fs';
import { freeNow } from '../../base/bytes.ts';
import type { TreeportError } from '../../base/errors.ts';
import { readStart as readStartOf } from '../../base/open-beneath.ts';
import { checkRange, rangeOf } from '../byte-range.ts';
import type { Checksum } from '../checksum.ts';
import { archiveHeaderLength, isSymlink, parseArchiveHeader } from '../file-header.ts';
import { inflate, inflateSmall } from '../inflate.ts';
import { inflateInPlace, inflateWholeInPlace, type Take } from '../inflate-in-place.ts';
import { InflatedContent } from '../inflated-content.ts';
import { corruptObject } from '../object-fault.ts';
import { type ContentHead, type OpenedContent, type StoredObject, storedEmpty } from '../object-source.ts';
import { type LooseObjects, SMALL_FILE_BYTES } from './loose.ts';
import type { ContentStore } from './loose-metadata.ts';
import { objectError } from './object-error.ts';

/** Objects up to this size are inflated in one call. */
const SMALL_OBJECT_BYTES = 1024 * 1024;

export function archiveContent(loose: LooseObjects): ContentStore {
  return {
    extension: 'filez',
    content: (checksum) => openArchiveObject(loose, checksum),
    head: async (checksum) => readHead(loose, checksum),
    openContent: (checksum) => openInflated(loose, checksum),
  };
}

/** Most headers, by far, are shorter; more would take longer to read. */
const HEAD_BYTES = 1024;
/** Shared by all calls. */
const headBuffer = Buffer.allocUnsafeSlow(HEAD_BYTES);

function readHead(loose: LooseObjects, checksum: Checksum): ContentHead {
  const name = `${checksum}.filez`;
  const path = loose.path(checksum, 'filez');
  const { fd, stats } = loose.open(checksum, 'filez');
  try {
    const start = headBuffer.subarray(0, readSync(fd, headBuffer, 0, HEAD_BYTES, 0));
    const length = archiveHeaderLength(start, `object ${name}`);
    const whole = length <= start.length ? start : readStartOf(fd, length);
    const { header, size } = parseArchiveHeader(whole, `object ${name}`);
    if (isSymlink(header) && (size !== 0 || stats.size > length)) throw symlinkWithContent(name);
    return { header, size };
  } catch (error) {
    throw objectError(error, name, path);
  } finally {
    closeSync(fd);
  }
}

/** Larger objects, and larger files, are left to streams, so that memory is bounded. */
const OPENED_BYTES = 4 * 1024 * 1024;

function openInflated(loose: LooseObjects, checksum: Checksum): OpenedContent | undefined {
  const name = `${checksum}.filez`;
  const { fd, stats } = loose.open(checksum, 'filez');
  try {
    if (stats.size > OPENED_BYTES) return undefined;
    const memory = stats.size > startBuffer.length ? Buffer.allocUnsafeSlow(stats.size) : startBuffer;
    const file = memory.subarray(0, readSync(fd, memory, 0, stats.size, 0));
    const { header, size, length } = parseArchiveHeader(file, `object ${name}`);
    if (isSymlink(header) && (size !== 0 || file.length > length)) throw symlinkWithContent(name);
    if (size > OPENED_BYTES) return undefined;
    const opened = new InflatedContent({ header, size, body: file.subarray(length), name });
    if (memory !== startBuffer) freeNow(memory);
    return opened;
  } catch (error) {
    throw objectError(error, name, loose.path(checksum, 'filez'));
  } finally {
    closeSync(fd);
  }
}

async function openArchiveObject(loose: LooseObjects, checksum: Checksum): Promise<StoredObject> {
  const name = `${checksum}.filez`;
  const path = loose.path(checksum, 'filez');
  try {
    const start = readStart(loose.open(checksum, 'filez').fd, name);
    const object = archiveObject(start, name, (from) => loose.stream(checksum, 'filez', from));
    const readInPlace = async (take: Take) => {
      await inflateObject(loose, checksum, { start, object, take });
      freeNow(start.bytes);
    };
    return { ...object, readInPlace };
  } catch (error) {
    throw objectError(error, name, path);
  }
}

type Inflated = {
  readonly start: ArchiveStart;
  readonly object: StoredObject;
  readonly take: Take;
};

async function inflateObject(
  loose: LooseObjects,
  checksum: Checksum,
  { start, object: { header, size }, take }: Inflated,
): Promise<void> {
  if (isSymlink(header)) return;
  const name = `${checksum}.filez`;
  const from = archiveHeaderLength(start.bytes, name);
  if (start.complete) await inflateWholeInPlace(start.bytes.subarray(from), size, name, take);
  else await inflateInPlace(loose.piecesInPlace(checksum, 'filez', from), size, name, take);
}

/** The start of an archive file: all of it, or at least the header. */
export type ArchiveStart = { readonly bytes: Buffer; readonly complete: boolean };

/** Decodes an archive file; `rest` reads it from a position on. ERR_OBJECT_CORRUPT, ERR_VARIANT. */
export function archiveObject(
  { bytes: start, complete }: ArchiveStart,
  name: string,
  rest: (from: number) => AsyncIterable<Uint8Array>,
): StoredObject {
  const { header, size, length } = parseArchiveHeader(start, `object ${name}`);
  const body = start.subarray(length);
  if (isSymlink(header)) {
    if (size !== 0 || body.length > 0) throw symlinkWithContent(name);
    return storedEmpty(header);
  }
  const stream = isSmall({ bytes: start, complete }, size)
    ? () => inflateSmall(body, size, name)
    : () => inflate(rest(length), size, name);
  const bytes = (from: number, to: number) => {
    checkRange(from, to, size);
    return rangeOf(stream(), from, to);
  };
  return { header, size, stream, bytes };
}

function symlinkWithContent(name: string): TreeportError {
  return corruptObject(name, 'a symlink with content');
}

function isSmall({ complete }: ArchiveStart, size: number): boolean {
  return complete && size <= SMALL_OBJECT_BYTES;
}

/**
 * Shared read buffer that results are copied from, so that a small object takes no more memory than its size.
 */
const startBuffer = Buffer.allocUnsafeSlow(SMALL_FILE_BYTES);

/** The whole file if it is small, else at least its header. Closes it. */
function readStart(file: number, name: string): ArchiveStart {
  try {
    const length = readSync(file, startBuffer, 0, startBuffer.length, 0);
    if (length < startBuffer.length)
      return { bytes: Buffer.from(startBuffer.subarray(0, length)), complete: true };
    return { bytes: readStartOf(file, archiveHeaderLength(startBuffer, `object ${name}`)), complete: false };
  } finally {
    closeSync(file);
  }
}
