/**
 * The encoded objects of one encoder, laid out as an archive repository's: `objects/<2>/<62>.filez`; files are
 * written under a temporary name beside it. About `maxBytes` are kept; the least recently used are evicted in batches,
 * to amortise the search for them. cache-directory.ts says what else lies in the cache directory.
 *
 * The files are the source of truth, and other servers may write and evict them at the same time: a file that this
 * server does not know is found when it is asked for, one that has gone is forgotten, and the directory is scanned
 * at the start (in the background: start-up does not depend on the number of files), whenever this server
 * has written a quarter of `maxBytes`, and every hour. A cache that cannot be written costs speed, never an answer.
 */
import { existsSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName } from '../../base/atomic-file.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { loosePath, parseLooseName } from '../../ostree/object-name.ts';
import { closePlainFile, openPlainFile, type PlainFile } from '../http/plain-file.ts';
import { claimFolder, FAN_OUT, prepareCacheDirectory, removeUnclaimedFolders } from './cache-directory.ts';

export type DiskCacheOptions = {
  readonly directory: string;
  readonly maxBytes: number;
  /** Equal encoders make equal files. */
  readonly encoder: string;
  /** What is served, and its parents. */
  readonly repositories: readonly string[];
  /** Told of the first failed write in a row, and not again until one has succeeded. */
  readonly onWriteFailure: (error: unknown) => void;
};

const LEFTOVER_MS = 3_600_000;
/** Written at once. */
const SMALL_FILE_BYTES = 128 * 1024;
/** How much of its size a full cache keeps. */
const KEPT_BY_EVICTION = 15 / 16;
/** How much of its size a server writes before it looks what the others have written. */
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
  /** Settled when the files of an earlier run have been counted. */
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

  /** Bytes of the objects known to be here. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The objects known to be here. */
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
      // Evicted by another server, or the directory is read-only now: then the next verification finds it again.
    }
  }

  /** The cached archive file of an object, which counts as a use. */
  open(checksum: Checksum): PlainFile | undefined {
    const entry = this.#entries.get(checksum);
    const file = this.#openFile(checksum);
    if (file === undefined || file.size === 0) {
      // An empty file is what a crash leaves of one that was not yet on disk.
      if (file !== undefined) closePlainFile(file);
      this.#forget(checksum);
      return undefined;
    }
    if (entry?.size === file.size) entry.used = this.#use();
    else this.#remember(checksum, file.size);
    return file;
  }

  /** Keeps an encoded object; does not reject. */
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

  /** Takes a file that was written under {@link temporaryPath}; does not reject. */
  async adopt(checksum: Checksum, temporary: string, size: number): Promise<void> {
    try {
      this.#moveIn(checksum, temporary, size);
    } catch (error) {
      await this.failed(temporary, error);
    }
  }

  /** A fresh name for the file that is to become this object. */
  temporaryPath(checksum: Checksum): string {
    return temporaryName(this.#path(checksum));
  }

  /** Removes a temporary file whose writing has failed, and tells of it. */
  async failed(temporary: string, error: unknown): Promise<void> {
    if (!this.#writeFailed) this.#onWriteFailure(error);
    this.#writeFailed = true;
    await this.discard(temporary);
  }

  /** Removes a temporary file that is not wanted; does not reject. */
  async discard(temporary: string): Promise<void> {
    await rm(temporary, { force: true }).catch(() => {});
  }

  /** What cannot be opened, or is no file of this directory, is not in the cache. */
  #openFile(checksum: Checksum): PlainFile | undefined {
    try {
      return openPlainFile(this.folder, loosePath(checksum, 'filez'));
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

  /** Makes the object the most recently used one. */
  #remember(checksum: Checksum, size: number): void {
    this.#forget(checksum);
    this.#entries.set(checksum, { size, used: this.#use() });
    this.#bytes += size;
  }

  /** Milliseconds since 1970, and later than every use before. */
  #use(): number {
    this.#lastUse = Math.max(Date.now(), this.#lastUse + 0.001);
    return this.#lastUse;
  }

  #forget(checksum: Checksum): void {
    this.#bytes -= this.#entries.get(checksum)?.size ?? 0;
    this.#entries.delete(checksum);
  }

  #evict(): void {
    // Before all files are counted the oldest is not known.
    if (!this.#isCounted || this.#bytes <= this.maxBytes) return;
    const oldestFirst = [...this.#entries].sort(([, a], [, b]) => a.used - b.used);
    for (const [checksum] of oldestFirst) {
      if (this.#bytes <= this.maxBytes * KEPT_BY_EVICTION) return;
      this.drop(checksum);
    }
  }

  /** Makes what is known agree with what is there; a scan that is under way is shared. */
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
      // One that was used since the start was there then, and may have been written behind the scan.
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

/** `used`: when it was used last; of a file that another server or run wrote, when it was written. */
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
    // A younger one may belong to a process that is alive.
    else if (Date.now() - stats.mtimeMs > LEFTOVER_MS) await unlink(path).catch(() => {});
  }
  return found;
}

/** Synchronously where it takes microseconds, as small objects are read (docs/decisions/0020). */
async function writeNew(path: string, bytes: Buffer): Promise<void> {
  if (bytes.length <= SMALL_FILE_BYTES) writeFileSync(path, bytes, { flag: 'wx' });
  else await writeFile(path, bytes, { flag: 'wx' });
}
