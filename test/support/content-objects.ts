/** Content objects in memory, streamed in pieces. */
import { createHash } from 'node:crypto';
import { type Checksum, finishChecksum } from '../../src/ostree/checksum.ts';
import { type FileHeader, hashedHeader, S_IFREG } from '../../src/ostree/file-header.ts';
import type { ContentObject } from '../../src/ostree/object-source.ts';
import { NO_XATTRS } from '../../src/ostree/xattrs.ts';

const HEADER: FileHeader = { uid: 0, gid: 0, mode: S_IFREG | 0o644, target: '', xattrs: NO_XATTRS };

/** By default a regular file owned by root. */
export function contentObject(bytes: Uint8Array, header: Partial<FileHeader> = {}): ContentObject {
  const stream = async function* () {
    for (let at = 0; at < bytes.length; at += 70_000) yield bytes.subarray(at, at + 70_000);
  };
  return { header: { ...HEADER, ...header }, size: bytes.length, stream };
}

export function contentId(bytes: Uint8Array, header: Partial<FileHeader> = {}): Checksum {
  return finishChecksum(
    createHash('sha256')
      .update(hashedHeader({ ...HEADER, ...header }))
      .update(bytes),
  );
}
