/**
 * The directory of encoded objects, laid out as an archive repository's: `objects/<2>/<62>.filez`, and
 * temporary files in `tmp/`. At most `maxBytes` of objects are kept; the least recently used go first.
 *
 * Files of an earlier run are found in the background, so that start-up does not depend on their number; until
 * then they are served all the same. The file `encoder` names what made the compressed bytes: where it differs, the old
 * objects are dropped, because entity tags promise equal bytes. A cache that cannot be written costs
 * speed, never an answer.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, unlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
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

export class DiskCache {
  readonly directory: string;
  readonly maxBytes: number;
  readonly #onWriteFailure: (error: unknown) => void;
  /** Sizes by object, least recently used first. */
  readonly #sizes = new Map<Checksum, number>();
  #bytes = 0;
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
      await mkdir(join(directory, 'tmp'), { recursive: true });
      if ((await readFile(marker, 'utf8').catch(() => undefined)) !== encoder) {
        await rm(join(directory, 'objects'), { recursive: true, force: true });
      }
      await writeFile(marker, encoder);
      await mkdir(join(directory, 'objects'), { recursive: true });
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

  /** The cached archive file of an object, which counts as a use. */
  open(checksum: Checksum): PlainFile | undefined {
    const known = this.#sizes.get(checksum);
    if (known === undefined && this.#isCounted) return undefined;
    const file = openPlainFile(this.#path(checksum));
    if (file === undefined || file.size === 0) {
      // An empty file is what a crash leaves of one that was not yet on disk.
      if (file !== undefined) closePlainFile(file);
      this.#forget(checksum);
      return undefined;
    }
    this.#remember(checksum, file.size);
    return file;
  }

  /** Keeps an encoded object; does not reject. */
  async store(checksum: Checksum, bytes: Buffer): Promise<void> {
    if (bytes.length > this.maxBytes) return;
    const temporary = this.temporaryPath();
    try {
      await writeFile(temporary, bytes, { flag: 'wx' });
      await this.#moveIn(checksum, temporary, bytes.length);
    } catch (error) {
      await this.failed(temporary, error);
    }
  }

  /** Takes a file that was written under {@link temporaryPath}; does not reject. */
  async adopt(checksum: Checksum, temporary: string, size: number): Promise<void> {
    try {
      await this.#moveIn(checksum, temporary, size);
    } catch (error) {
      await this.failed(temporary, error);
    }
  }

  /** A fresh name for a file that is to become an object. */
  temporaryPath(): string {
    return join(this.directory, 'tmp', `${process.pid}-${randomBytes(8).toString('hex')}`);
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

  async #moveIn(checksum: Checksum, temporary: string, size: number): Promise<void> {
    const path = this.#path(checksum);
    try {
      await rename(temporary, path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await mkdir(join(this.directory, 'objects', checksum.slice(0, 2)), { recursive: true });
      await rename(temporary, path);
    }
    this.#writeFailed = false;
    this.#remember(checksum, size);
    this.#evict();
  }

  /** Makes the object the most recently used one. */
  #remember(checksum: Checksum, size: number): void {
    this.#forget(checksum);
    this.#sizes.set(checksum, size);
    this.#bytes += size;
  }

  #forget(checksum: Checksum): void {
    this.#bytes -= this.#sizes.get(checksum) ?? 0;
    this.#sizes.delete(checksum);
  }

  #evict(): void {
    // Before all files are counted nobody knows which is the oldest.
    if (!this.#isCounted) return;
    for (const checksum of this.#sizes.keys()) {
      if (this.#bytes <= this.maxBytes) return;
      this.#forget(checksum);
      try {
        unlinkSync(this.#path(checksum));
      } catch {
        // Gone already, or it cannot go: either way it is not ours to count any more.
      }
    }
  }

  async #count(): Promise<void> {
    const used = new Map(this.#sizes);
    const found: { checksum: Checksum; size: number; modified: number }[] = [];
    for (let fan = 0; fan < 256; fan++) {
      const directory = fan.toString(16).padStart(2, '0');
      for (const name of await readdir(join(this.directory, 'objects', directory)).catch(() => [])) {
        const parsed = parseLooseName(directory, name);
        const stats =
          parsed && (await stat(join(this.directory, 'objects', directory, name)).catch(() => undefined));
        if (parsed !== undefined && stats !== undefined) {
          found.push({ checksum: parsed.checksum, size: stats.size, modified: stats.mtimeMs });
        }
      }
    }
    await this.#removeLeftovers();
    const since = [...this.#sizes].filter(([checksum]) => !used.has(checksum));
    for (const { checksum, size } of found.sort((a, b) => a.modified - b.modified))
      this.#remember(checksum, size);
    for (const [checksum, size] of since)
      if (existsSync(this.#path(checksum))) this.#remember(checksum, size);
    this.#isCounted = true;
    this.#evict();
  }

  /** Temporary files of a run that was killed; those of a process that is alive are younger. */
  async #removeLeftovers(): Promise<void> {
    const directory = join(this.directory, 'tmp');
    for (const name of await readdir(directory).catch(() => [])) {
      const path = join(directory, name);
      const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
      if (age > 3_600_000) await unlink(path).catch(() => {});
    }
  }
}
