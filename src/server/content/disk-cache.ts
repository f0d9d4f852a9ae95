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
import { existsSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName } from '../../base/atomic-file.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { loosePath, parseLooseName } from '../../ostree/object-name.ts';
import { openObjectFile } from '../http/file-memory.ts';
import { closePlainFile, type PlainFile } from '../http/plain-file.ts';
import { claimFolder, FAN_OUT, prepareCacheDirectory, removeUnclaimedFolders } from './cache-directory.ts';

export type DiskCacheOptions = {
  readonly directory: string;
  readonly maxBytes: number;
  /** The encoder's id: equal ids give equal files. */
  readonly encoder: string;
  /** Paths of the served repository and its parents. */
  readonly repositories: readonly string[];
  /** Called for the first failed write in a row, and not again until a write has succeeded. */
  readonly onWriteFailure: (error: unknown) => void;
};

const LEFTOVER_MS = 3_600_000;
/** Files up to this size are written synchronously. */
const SMALL_FILE_BYTES = 128 * 1024;
/** Fraction of `maxBytes` that remains after an eviction. */
const KEPT_BY_EVICTION = 15 / 16;
/** Fraction of `maxBytes` that a server writes before it scans for files of other servers. */
const WRITTEN_BETWEEN_SCANS = 1 / 4;
const SCAN_MS = 3_600_000;

export class DiskCache {
  /** The encoder's folder. */
  readonly folder: string;
  readonly maxBytes: number;
  readonly #onWriteFailure: (error: unknown) => void;
  readonly #entries = new Map<Checksum, Entry>();
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #writtenSinceScan = 0;
  #lastUse = 0;
  #writeFailed = false;
  /** Resolves when the files of an earlier run have been counted. */
  readonly counted: Promise<void>;
  #isCounted = false;
  #scanning: Promise<void> | undefined;

  private constructor(folder: string, { maxBytes, onWriteFailure }: DiskCacheOptions) {
    this.folder = folder;
    this.maxBytes = maxBytes;
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

  /** Bytes of the known objects. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The known objects. */
  get checksums(): Iterable<Checksum> {
    return this.#entries.keys();
  }

  has(checksum: Checksum): boolean {
    return this.#entries.has(checksum) || existsSync(this.#path(checksum));
  }

  /** Removes an object that must not be served. */
  drop(checksum: Checksum): void {
    this.#forget(checksum);
    try {
      unlinkSync(this.#path(checksum));
    } catch {
      // Evicted by another server, or the directory has become read-only: then the next verification finds it
      // again.
    }
  }

  /** The cached archive file of an object; opening it counts as a use. */
  open(checksum: Checksum): PlainFile | undefined {
    const entry = this.#entries.get(checksum);
    const file = this.#openFile(checksum);
    if (file === undefined || file.size === 0) {
      // A crash leaves an empty file where the bytes had not reached the disk.
      if (file !== undefined) closePlainFile(file);
      this.#forget(checksum);
      return undefined;
    }
    if (entry?.size === file.size) entry.used = this.#use();
    else this.#remember(checksum, file.size);
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
    this.#remember(checksum, size);
    this.#writtenSinceScan += size;
    if (this.#writtenSinceScan > this.maxBytes * WRITTEN_BETWEEN_SCANS) void this.scan();
    this.#evict();
  }

  /** Records the object as most recently used. */
  #remember(checksum: Checksum, size: number): void {
    this.#forget(checksum);
    this.#entries.set(checksum, { size, used: this.#use() });
    this.#bytes += size;
  }

  /** Milliseconds since 1970, strictly increasing. */
  #use(): number {
    this.#lastUse = Math.max(Date.now(), this.#lastUse + 0.001);
    return this.#lastUse;
  }

  #forget(checksum: Checksum): void {
    this.#bytes -= this.#entries.get(checksum)?.size ?? 0;
    this.#entries.delete(checksum);
  }

  #evict(): void {
    // Until all files are counted the oldest is unknown.
    if (!this.#isCounted || this.#bytes <= this.maxBytes) return;
    const oldestFirst = [...this.#entries].sort(([, a], [, b]) => a.used - b.used);
    for (const [checksum] of oldestFirst) {
      if (this.#bytes <= this.maxBytes * KEPT_BY_EVICTION) return;
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
    const start = this.#use();
    this.#writtenSinceScan = 0;
    const gone = new Set(this.#entries.keys());
    for (const fanOut of FAN_OUT) {
      for (const { checksum, size, modified } of await listObjects(
        join(this.folder, 'objects', fanOut),
        fanOut,
      )) {
        gone.delete(checksum);
        const used = this.#entries.get(checksum)?.used ?? modified;
        this.#forget(checksum);
        this.#entries.set(checksum, { size, used });
        this.#bytes += size;
      }
    }
    for (const checksum of gone) {
      // An object used since the scan began exists: it was written after its directory had been read.
      if ((this.#entries.get(checksum)?.used ?? 0) < start) this.#forget(checksum);
    }
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

/** `used`: time of the last use, or of the write if another server or run wrote the file. */
type Entry = { readonly size: number; used: number };

type Found = { readonly checksum: Checksum; readonly size: number; readonly modified: number };

/** The objects of one directory. Removes the temporary files of a run that was killed. */
async function listObjects(directory: string, fanOut: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    const checksum = parseLooseName(fanOut, name)?.checksum;
    if (checksum !== undefined) found.push({ checksum, size: stats.size, modified: stats.mtimeMs });
    // A younger file may belong to a live process.
    else if (Date.now() - stats.mtimeMs > LEFTOVER_MS) await unlink(path).catch(() => {});
  }
  return found;
}

/** Synchronous for small files, like reads (docs/decisions/0020). */
async function writeNew(path: string, bytes: Buffer): Promise<void> {
  if (bytes.length <= SMALL_FILE_BYTES) writeFileSync(path, bytes, { flag: 'wx' });
  else await writeFile(path, bytes, { flag: 'wx' });
}
