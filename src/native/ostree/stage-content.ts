/**
 * Content objects that are staged by ourselves, in repositories whose StagingPlace has `ownFiles`: regular
 * files of mode bare, and all of mode archive. Their bytes are verified before.
 */
import { errnoOf } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { type FileHeader, isSymlink, parseHashedHeader } from '../../ostree/file-header.ts';
import { withArchiveFile } from './archive-encoder.ts';
import { StagedFile } from './staged-file.ts';
import { type StagingPlace, stagedPath, storedPath } from './staging.ts';

/** Smaller files are a tenth of an OS tree's bytes; a call for each would cost more than it gains. */
export const FLUSHED_BYTES: number = 32 * 1024;

/**
 * Stages the object of a hashed stream. False if libostree is to write it: also after a system error, because
 * that comes again there, and people know it as libostree says it.
 */
export async function stageContent(
  place: StagingPlace,
  checksum: Checksum,
  stream: Buffer,
): Promise<boolean> {
  if (place.ownFiles === undefined) return false;
  const name = { type: 'file', checksum } as const;
  const { header, length } = parseHashedHeader(stream, `object ${checksum}.file`);
  if (!isStagedHere(place, header)) return false;
  if (storedPath(place, name) !== undefined) return true;
  const bytes = stream.subarray(length);
  const path = stagedPath(place, name);
  try {
    const isNew =
      place.mode === 'archive'
        ? await withArchiveFile(place.level, header, bytes, (file) =>
            writeWhole(place, file, (staged) => staged.finishArchive(path)),
          )
        : writeWhole(place, bytes, (staged) => staged.finish(header, path));
    if (isNew) countOwn(place, bytes.length);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
  return true;
}

/** Symlinks of bare repositories are symlinks, those of archive repositories are files. */
export function isStagedHere({ mode }: StagingPlace, header: FileHeader): boolean {
  return mode === 'archive' || !isSymlink(header);
}

export function countOwn({ ownFiles }: StagingPlace, bytes: number): void {
  if (ownFiles === undefined) return;
  Atomics.add(ownFiles, 0, 1n);
  Atomics.add(ownFiles, 1, BigInt(bytes));
}

/** Returns what `finish` does. */
function writeWhole(
  { directory, syncs }: StagingPlace,
  bytes: Buffer,
  finish: (file: StagedFile) => boolean,
): boolean {
  using file = new StagedFile(directory);
  file.write(bytes, 0);
  const isNew = finish(file);
  if (syncs && bytes.length >= FLUSHED_BYTES) file.startWriteback();
  return isNew;
}
