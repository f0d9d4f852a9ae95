/** A large content object that is collected in its staged file. */
import { errnoOf } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import {
  archiveHeaderLength,
  type FileHeader,
  type HashedHeader,
  parseHashedHeader,
} from '../../ostree/file-header.ts';
import { LargeArchiveFile } from './large-archive-file.ts';
import type { LargeStore } from './large-store.ts';
import { countOwn, isStagedHere } from './stage-content.ts';
import { StagedFile } from './staged-file.ts';
import { type StagingPlace, stagedPath, storedPath } from './staging.ts';

/**
 * For an object whose hashed stream starts with these bytes. Undefined if libostree is to write it: if the
 * header is longer than these bytes, or the file cannot have its owner and attributes, which libostree
 * reports.
 */
export function largeStagedFile(place: StagingPlace, start: Buffer): LargeStore | undefined {
  if (place.ownFiles === undefined) return undefined;
  const where = 'a large content object';
  if (archiveHeaderLength(start, where) > start.length) return undefined;
  const { header, length } = parseHashedHeader(start, where);
  if (!isStagedHere(place, header)) return undefined;
  const file = new StagedFile(place.directory);
  if (place.mode === 'archive') return new LargeArchiveFile(place, file, { header, length });
  try {
    file.own(header);
    return new LargeStagedFile(place, file, { header, length });
  } catch (error) {
    file[Symbol.dispose]();
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

class LargeStagedFile implements LargeStore {
  readonly path: string;
  readonly #place: StagingPlace;
  readonly #header: FileHeader;
  readonly #headerLength: number;
  readonly #file: StagedFile;

  /** Owns the file. */
  constructor(place: StagingPlace, file: StagedFile, { header, length }: HashedHeader) {
    this.path = place.directory;
    this.#place = place;
    this.#file = file;
    this.#header = header;
    this.#headerLength = length;
  }

  write(bytes: Uint8Array, offset: number): void {
    const skipped = Math.max(0, this.#headerLength - offset);
    this.#file.write(bytes.subarray(skipped), offset + skipped - this.#headerLength);
    if (this.#place.syncs) this.#file.startWriteback();
  }

  finish(checksum: Checksum, length: number): void {
    const name = { type: 'file', checksum } as const;
    if (storedPath(this.#place, name) !== undefined) return;
    if (this.#file.finish(this.#header, stagedPath(this.#place, name)))
      countOwn(this.#place, length - this.#headerLength);
  }

  close(): void {
    this.#file[Symbol.dispose]();
  }
}
