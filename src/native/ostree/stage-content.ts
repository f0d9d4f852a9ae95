/**
 * Content objects that are staged by ourselves: regular files of repositories whose StagingPlace has
 * `ownFiles`. Their bytes are verified before.
 */
import { errnoOf } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { isSymlink, parseHashedHeader } from '../../ostree/file-header.ts';
import { StagedFile } from './staged-file.ts';
import { type StagingPlace, stagedPath, storedPath } from './staging.ts';

/** Smaller files are a tenth of an OS tree's bytes; a call for each would cost more than it gains. */
export const FLUSHED_BYTES: number = 32 * 1024;

/**
 * Stages the object of a hashed stream. False if libostree is to write it: also after a system error, because
 * that comes again there, and people know it as libostree says it.
 */
export function stageFile(place: StagingPlace, checksum: Checksum, stream: Buffer): boolean {
  if (place.ownFiles === undefined) return false;
  const name = { type: 'file', checksum } as const;
  const { header, length } = parseHashedHeader(stream, `object ${checksum}.file`);
  if (isSymlink(header)) return false;
  if (storedPath(place, name) !== undefined) return true;
  const bytes = stream.subarray(length);
  try {
    using file = new StagedFile(place.directory);
    file.write(bytes, 0);
    file.finish(header, stagedPath(place, name));
    if (place.syncs && bytes.length >= FLUSHED_BYTES) file.startWriteback();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
  countOwn(place, bytes.length);
  return true;
}

export function countOwn({ ownFiles }: StagingPlace, bytes: number): void {
  if (ownFiles === undefined) return;
  Atomics.add(ownFiles, 0, 1n);
  Atomics.add(ownFiles, 1, BigInt(bytes));
}
