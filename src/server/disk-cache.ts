/**
 * The directory of encoded objects, laid out as an archive repository's: `objects/<2>/<62>.filez`; files are
 * written under a temporary name beside it. At most `maxBytes` are kept; the least recently used go first, a few more
 * than need to, so that finding them is seldom.
 *
 * Files of an earlier run are found in the background, so that start-up does not depend on their number;
 * until then they are served all the same. The file `encoder` names what made the compressed bytes: where it
 * differs, the old objects are dropped, because entity tags promise equal bytes. A cache that cannot be
 * written costs speed, never an answer.
 */
import { mkdirSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName } from '../base/atomic-file.ts';
import { messageOf, TreeportError } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { loosePath, parseLooseName } from '../ostree/object-name.ts';
import { closePlainFile, openPlainFile, type PlainFile } from './plain-file.ts';

export type DiskCacheOptions = {
  readonly directory: string;
  readonly maxBytes: number;
  /** Equal encoders make equal files. */
  readonly encoder: string;
  /** Told of the first failed write in a row, and not again until one has succeeded. */
  readonly onWriteFailure: (error: unknown) => void;
};

const FAN_OUT: readonly string[] = Array.from({ length: 256 }, (_, fan) => fan.toString(16).padStart(2, '0'));
const LEFTOVER_MS = 3_600_000;
/** Written at once. */
const SMALL_FILE_BYTES = 128 * 1024;
/** How much of its size a full cache keeps. */
const KEPT_BY_EVICTION = 15 / 16;

export class DiskCache {
  readonly directory: string;
  readonly maxBytes: number;
  readonly #onWriteFailure: (error: unknown) => void;
  readonly #entries = new Map<Checksum, Entry>();
  #bytes = 0;
  /** Counts uses. */
  #clock = 0;
  #writeFailed = false;
  /** Settled when the files of an earlier run have been counted. */
  readonly counted: Promise<void>;
  #isCounted = false;

  private constructor(options: DiskCacheOptions) {
    this.directory = options.directory;
    this.maxBytes = options.maxBytes;
    this.#onWriteFailure = options.onWriteFailure;
    this.counted = this.#count();
  }

  /** Prepares the directory; ERR_CACHE_DIR if it cannot be written. */
  static async open(options: DiskCacheOptions): Promise<DiskCache> {
    const { directory, encoder } = options;
    const marker = join(directory, 'encoder');
    try {
      await mkdir(directory, { recursive: true });
      if ((await readFile(marker, 'utf8').catch(() => undefined)) !== encoder) {
        await rm(join(directory, 'objects'), { recursive: true, force: true });
      }
      await writeFile(marker, encoder);
      for (const fanOut of FAN_OUT) mkdirSync(join(directory, 'objects', fanOut), { recursive: true });
    } catch (error) {
      throw new TreeportError(
        'ERR_CACHE_DIR',
        `cannot write the cache directory ${directory}: ${messageOf(error)}; give --cache-dir a writable one`,
        { cause: error },
      );
    }
    return new DiskCache(options);
  }

  /** Bytes of the objects known to be here. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True if the object is known to be here. */
  has(checksum: Checksum): boolean {
    return this.#entries.has(checksum);
  }

  /** The cached archive file of an object, which counts as a use. */
  open(checksum: Checksum): PlainFile | undefined {
    const entry = this.#entries.get(checksum);
    if (entry === undefined && this.#isCounted) return undefined;
    const file = openPlainFile(this.#path(checksum), { isProbablyThere: entry !== undefined });
    if (file === undefined || file.size === 0) {
      // An empty file is what a crash leaves of one that was not yet on disk.
      if (file !== undefined) closePlainFile(file);
      this.#forget(checksum);
      return undefined;
    }
    if (entry?.size === file.size) entry.used = this.#tick();
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

  #path(checksum: Checksum): string {
    return join(this.directory, loosePath(checksum, 'filez'));
  }

  #moveIn(checksum: Checksum, temporary: string, size: number): void {
    renameSync(temporary, this.#path(checksum));
    this.#writeFailed = false;
    this.#remember(checksum, size);
    this.#evict();
  }

  /** Makes the object the most recently used one. */
  #remember(checksum: Checksum, size: number): void {
    this.#forget(checksum);
    this.#entries.set(checksum, { size, used: this.#tick() });
    this.#bytes += size;
  }

  #tick(): number {
    this.#clock += 1;
    return this.#clock;
  }

  #forget(checksum: Checksum): void {
    this.#bytes -= this.#entries.get(checksum)?.size ?? 0;
    this.#entries.delete(checksum);
  }

  #evict(): void {
    // Before all files are counted nobody knows which is the oldest.
    if (!this.#isCounted || this.#bytes <= this.maxBytes) return;
    const oldestFirst = [...this.#entries].sort(([, a], [, b]) => a.used - b.used);
    for (const [checksum] of oldestFirst) {
      if (this.#bytes <= this.maxBytes * KEPT_BY_EVICTION) return;
      this.#forget(checksum);
      try {
        unlinkSync(this.#path(checksum));
      } catch {
        // Gone already, or it cannot go: either way it is not ours to count any more.
      }
    }
  }

  async #count(): Promise<void> {
    const found: Found[] = [];
    for (const fanOut of FAN_OUT)
      found.push(...(await listObjects(join(this.directory, 'objects', fanOut), fanOut)));
    const usedSince = [...this.#entries].sort(([, a], [, b]) => a.used - b.used);
    for (const { checksum, size } of found.sort((a, b) => a.modified - b.modified))
      this.#remember(checksum, size);
    for (const [checksum, { size }] of usedSince) this.#remember(checksum, size);
    this.#isCounted = true;
    this.#evict();
  }
}

/** `used` is greater the later the last use was. */
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
