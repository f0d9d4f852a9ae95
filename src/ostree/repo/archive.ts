/**
 * Content objects of archive repositories: `.filez` files (see file-header.ts for their layout).
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Checksum } from '../checksum.ts';
import { archiveHeaderLength, isSymlink, parseArchiveHeader } from '../file-header.ts';
import { inflate, inflateSmall } from '../inflate.ts';
import { type ContentObject, noBytes } from '../object-source.ts';
import { type LooseObjects, objectError } from './loose.ts';
import type { ContentStore } from './loose-metadata.ts';

/** Files up to this size are read with one system call and kept until they are streamed. */
const SMALL_FILE_BYTES = 128 * 1024;
/** Objects up to this size are inflated in one go. */
const SMALL_OBJECT_BYTES = 1024 * 1024;

export function archiveContent(loose: LooseObjects): ContentStore {
  return { extension: 'filez', content: (checksum) => openArchiveObject(loose, checksum) };
}

async function openArchiveObject(loose: LooseObjects, checksum: Checksum): Promise<ContentObject> {
  const name = `${checksum}.filez`;
  const path = loose.path(checksum, 'filez');
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const start = await readStart(file, name);
    const { header, size, length } = parseArchiveHeader(start.bytes, `object ${name}`);
    if (isSymlink(header)) return { header, size: 0, stream: noBytes };
    const body = start.bytes.subarray(length);
    const stream =
      start.complete && size <= SMALL_OBJECT_BYTES
        ? () => inflateSmall(body, SMALL_OBJECT_BYTES, name)
        : () => inflate(loose.stream(checksum, 'filez', length), name);
    return { header, size, stream };
  } catch (error) {
    throw objectError(error, name, path);
  } finally {
    await file?.close();
  }
}

/** The whole file if it is small, else at least its header. */
async function readStart(file: FileHandle, name: string): Promise<{ bytes: Buffer; complete: boolean }> {
  const first = Buffer.allocUnsafe(SMALL_FILE_BYTES);
  const { bytesRead } = await file.read(first, 0, first.length, 0);
  const bytes = first.subarray(0, bytesRead);
  if (bytesRead < first.length) return { bytes, complete: true };
  const headerLength = archiveHeaderLength(bytes, `object ${name}`);
  if (headerLength <= bytesRead) return { bytes, complete: false };
  const header = Buffer.alloc(headerLength);
  const again = await file.read(header, 0, headerLength, 0);
  return { bytes: header.subarray(0, again.bytesRead), complete: false };
}

