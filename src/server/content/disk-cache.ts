/**
 * The encoded objects of one encoder, laid out like those of an archive repository: `objects/<2>/<62>.filez`;
 * files are written under a temporary name beside it. About `maxBytes` are kept: least recently used files
 * are evicted in batches, to amortise the scan. cache-directory.ts describes the rest of the cache directory.
 *
 * The files are the source of truth, because other servers may write and evict them concurrently: an unknown
 * file is found when it is requested, one that has gone is forgotten, and the directory is scanned at
 * start-up (in the background, so that start-up does not depend on the number of files), whenever this server
 * has written a quarter of `maxBytes`, and every hour. A cache that cannot be written costs speed, never an
 * answer.
 */
import { existsSync, renameSync, unlinkSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName } from '../../base/atomic-file.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { loosePath } from '../../ostree/object-name.ts';
import { openObjectFile } from '../http/file-memory.ts';
import { closePlainFile, type PlainFile } from '../http/plain-file.ts';
import { claimFolder, prepareCacheDirectory, removeUnclaimedFolders } from './cache-directory.ts';
import { cachedFiles, writeNew } from './cache-files.ts';
import { CacheIndex } from './cache-index.ts';

export type DiskCacheOptions = {
  readonly directory: string;
  readonly maxBytes: number;
  /** Bytes of `maxBytes` that another cache takes at the moment. */
  readonly reservedBytes?: () => number;
  /** The encoder's id: equal ids give equal files. */
  readonly encoder: string;
  /** Paths of the served repository and its parents. */
  readonly repositories: readonly string[];
  /** Called for the first failed write in a row, and not again until a write has succeeded. */
  readonly onWriteFailure: (error: unknown) => void;
};

/** Fraction of `maxBytes` that remains after an eviction. */
const KEPT_BY_EVICTION = 15 / 16;
/** Fraction of `maxBytes` that a server writes before it scans for files of other servers. */
const WRITTEN_BETWEEN_SCANS = 1 / 4;
const SCAN_MS = 3_600_000;

export class DiskCache {
  /** The encoder's folder. */
  readonly folder: string;
  readonly #limit: () => number;
  readonly #onWriteFailure: (error: unknown) => void;
  readonly #index = new CacheIndex();
  readonly #timer: NodeJS.Timeout;
  #writtenSinceScan = 0;
  #writeFailed = false;
  /** Resolves when the files of an earlier run have been counted. */
  readonly counted: Promise<void>;
  #isCounted = false;
  #scanning: Promise<void> | undefined;

  private constructor(
    folder: string,
    { maxBytes, reservedBytes = () => 0, onWriteFailure }: DiskCacheOptions,
  ) {
    this.folder = folder;
    this.#limit = () => maxBytes - reservedBytes();
    this.#onWriteFailure = onWriteFailure;
    this.counted = this.scan();
    this.#timer = setInterval(() => void this.scan(), SCAN_MS).unref();
  }

  /** Prepares the directory; ERR_CACHE_DIR if it cannot be used. */
  static async open(options: DiskCacheOptions): Promise<DiskCache> {
    return new DiskCache(await prepareCacheDirectory(options), options);
  }

  /** Ends the periodic scans. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** How much is kept. */
  get maxBytes(): number {
    return this.#limit();
  }

  /** Bytes of the known objects. */
  get bytes(): number {
    return this.#index.bytes;
  }

  /** The known objects. */
  get checksums(): Iterable<Checksum> {
    return this.#index.checksums;
  }

  has(checksum: Checksum): boolean {
    return this.#index.has(checksum) || existsSync(this.#path(checksum));
  }

  /** Removes an object that must not be served. */
  drop(checksum: Checksum): void {
    this.#index.forget(checksum);
    try {
      unlinkSync(this.#path(checksum));
    } catch {
      // Evicted by another server, or the directory has become read-only: then the next verification finds it
      // again.
    }
  }

  /** The cached archive file of an object; opening it counts as a use. */
  open(checksum: Checksum): PlainFile | undefined {
    const file = this.#openFile(checksum);
    if (file === undefined || file.size === 0) {
      // A crash leaves an empty file where the bytes had not reached the disk.
      if (file !== undefined) closePlainFile(file);
      this.#index.forget(checksum);
      return undefined;
    }
    this.#index.use(checksum, file.size);
    return file;
  }

  /** Stores an encoded object; does not reject. */
  async store(checksum: Checksum, bytes: Buffer): Promise<void> {
    if (bytes.length > this.maxBytes) return;
    const temporary = this.temporaryPath(checksum);
    try {
      await writeNew(temporary, bytes);
      this.#moveIn(checksum, temporary, bytes.length);
    } catch (error) {
      await this.failed(temporary, error);
    }
  }

  /** The same for bytes in pieces, which must stay as they are meanwhile. */
  async storePieces(checksum: Checksum, pieces: readonly Buffer[]): Promise<void> {
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    if (size > this.maxBytes) return;
    const temporary = this.temporaryPath(checksum);
    try {
      await writeFile(temporary, pieces, { flag: 'wx' });
      this.#moveIn(checksum, temporary, size);
    } catch (error) {
      await this.failed(temporary, error);
    }
  }

  /** Renames a file that was written under {@link temporaryPath} into place; does not reject. */
  async adopt(checksum: Checksum, temporary: string, size: number): Promise<void> {
    try {
      this.#moveIn(checksum, temporary, size);
    } catch (error) {
      await this.failed(temporary, error);
    }
  }

  /** A new temporary name for this object's file. */
  temporaryPath(checksum: Checksum): string {
    return temporaryName(this.#path(checksum));
  }

  /** Removes a temporary file that could not be written, and reports the failure. */
  async failed(temporary: string, error: unknown): Promise<void> {
    if (!this.#writeFailed) this.#onWriteFailure(error);
    this.#writeFailed = true;
    await this.discard(temporary);
  }

  /** Removes a temporary file; does not reject. */
  async discard(temporary: string): Promise<void> {
    await rm(temporary, { force: true }).catch(() => {});
  }

  /** A file that cannot be opened, or that a link leads away from, counts as not cached. */
  #openFile(checksum: Checksum): PlainFile | undefined {
    try {
      return openObjectFile(this.folder, loosePath(checksum, 'filez'));
    } catch {
      return undefined;
    }
  }

  #path(checksum: Checksum): string {
    return join(this.folder, loosePath(checksum, 'filez'));
  }

  #moveIn(checksum: Checksum, temporary: string, size: number): void {
    renameSync(temporary, this.#path(checksum));
    this.#writeFailed = false;
    this.#index.use(checksum, size);
    this.#writtenSinceScan += size;
    if (this.#writtenSinceScan > this.maxBytes * WRITTEN_BETWEEN_SCANS) void this.scan();
    this.#evict();
  }

  #evict(): void {
    // Until all files are counted the oldest is unknown.
    if (!this.#isCounted || this.bytes <= this.maxBytes) return;
    for (const checksum of this.#index.oldestFirst()) {
      if (this.bytes <= this.maxBytes * KEPT_BY_EVICTION) return;
      this.drop(checksum);
    }
  }

  /** Synchronises the known objects with the files; concurrent calls share one scan. */
  scan(): Promise<void> {
    this.#scanning ??= this.#scan().finally(() => {
      this.#scanning = undefined;
    });
    return this.#scanning;
  }

  async #scan(): Promise<void> {
    this.#writtenSinceScan = 0;
    await this.#index.update(cachedFiles(this.folder));
    this.#isCounted = true;
    this.#evict();
    try {
      claimFolder(this.folder);
    } catch (error) {
      this.#onWriteFailure(error);
    }
    await removeUnclaimedFolders(this.folder);
  }
}
