/**
 * Reads the entries of tar archives that are not ostree's: layers of any image, root filesystems. The library
 * `tar-stream` finds the entries; this module guards it, and adds what it does not give
 * (docs/decisions/0008-tar-readers.md):
 *
 * * PAX records as bytes, because values of attributes are not text; numbers in them;
 * * names as UTF-8 that was checked;
 * * an error, not an end or an endless wait, for a stream that is cut off between entries, for sizes that are
 *   no numbers, and for anything behind the end of the archive.
 *
 * The entries are those of read-entries.ts. Memory holds one piece of the stream, and at most 16 MiB of long
 * names and records before an entry.
 */
import { type Extract, extract, type Header } from 'tar-stream';
import { asBuffer } from '../base/bytes.ts';
import { isTreeportError, messageOf } from '../base/errors.ts';
import { cutOff } from './block-input.ts';
import { malformed, paxNumber, paxText, xattrsInPax } from './decode-header.ts';
import { ExtensionBlocks } from './extension-blocks.ts';
import { BLOCK_BYTES } from './header.ts';
import type { ReadEntry } from './read-entries.ts';
import { SeenBytes } from './seen-bytes.ts';

/** Of bytes that are no entry's. */
const MAX_BETWEEN = 16 * 1024 * 1024;

/** The library's stream of an entry. Its types do not say that members may be null. */
type FoundEntry = AsyncIterable<Uint8Array> & {
  readonly header: { readonly [Member in keyof Header]: Header[Member] | null };
  /** Where the header begins in the archive, behind its long names and records. */
  readonly offset: number;
};

// latin1 keeps every byte of names. The library's types lack both options.
const EXTRACT_OPTIONS: object = { allowUnknownFormat: true, filenameEncoding: 'latin1' };

/** Yields the entries, and closes the stream when the consumer stops. ERR_TAR; errors of the stream. */
export async function* readForeignEntries(tar: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry> {
  const guarded = new GuardedExtract(tar);
  try {
    for await (const entry of guarded.found()) {
      const data = new EntryStream(entry, (error) => guarded.cause(error));
      yield { ...guarded.describe(entry), data };
      await data.drain();
    }
    guarded.checkEnd();
  } catch (error) {
    throw guarded.cause(error);
  } finally {
    await guarded.close();
  }
}

class GuardedExtract {
  readonly #extract: Extract = extract(EXTRACT_OPTIONS);
  readonly #seen = new SeenBytes();
  readonly #extensions = new ExtensionBlocks();
  readonly #feeding: Promise<void>;
  /** Where the last entry ends, padding included. */
  #end = 0;
  #fault: unknown;

  constructor(tar: AsyncIterable<Uint8Array>) {
    this.#extract.on('error', () => {});
    this.#feeding = this.#feed(tar);
  }

  found(): AsyncIterable<FoundEntry> {
    return this.#extract as AsyncIterable<unknown> as AsyncIterable<FoundEntry>;
  }

  describe({ header, offset }: FoundEntry): Omit<ReadEntry, 'data'> {
    const { records, names } = this.#extensions.read(this.#seen.slice(this.#end, offset));
    const path = names.path ?? paxText(records, 'path') ?? utf8(header.name ?? '');
    // The old format marks directories with a trailing slash.
    const type = header.type === 'file' && path.endsWith('/') ? 'directory' : header.type;
    const stored = numberOf(header.size);
    const size = header.type === 'directory' ? 0 : stored;
    if (type === 'directory' && size > 0) throw malformed('a directory has data');
    if (!Number.isSafeInteger(size) || size < 0) throw malformed('the size of an entry is not a number');
    this.#end = offset + BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    this.#seen.forget(this.#end);
    return {
      header: offset,
      path,
      type,
      mode: numberOf(header.mode),
      uid: paxNumber(records, 'uid') ?? numberOf(header.uid),
      gid: paxNumber(records, 'gid') ?? numberOf(header.gid),
      size,
      mtime: paxNumber(records, 'mtime') ?? numberOf(header.mtime?.getTime()) / 1000,
      target: names.target ?? paxText(records, 'linkpath') ?? utf8(header.linkname ?? ''),
      pax: records,
      xattrs: xattrsInPax(records),
    };
  }

  /** The library takes any end between two entries for the end of the archive. */
  checkEnd(): void {
    const rest = this.#seen.slice(this.#end, this.#seen.end);
    if (rest.length < BLOCK_BYTES) throw cutOff();
    if (rest.some((byte) => byte !== 0)) throw malformed('it ends with something that is no entry');
  }

  /** The error of the stream if it failed, else of the archive. */
  cause(error: unknown): unknown {
    if (this.#fault !== undefined) return this.#fault;
    if (isTreeportError(error)) return error;
    const message = messageOf(error);
    return /unexpected end/i.test(message) ? cutOff() : malformed(message);
  }

  async close(): Promise<void> {
    this.#extract.destroy(null);
    await this.#feeding;
  }

  /** Never rejects: an error destroys the extraction. */
  async #feed(tar: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of tar) {
        if (this.#seen.end - this.#end > MAX_BETWEEN)
          throw malformed('long names, records or zeros before an entry are too long');
        this.#seen.push(piece);
        if (!this.#extract.write(piece)) await this.#drained();
        if (this.#extract.destroying) return;
      }
      this.#extract.end(undefined);
    } catch (error) {
      this.#fault = error;
      this.#extract.destroy(error as Error);
    }
  }

  async #drained(): Promise<void> {
    // Its event of closing may be over.
    if (this.#extract.destroying) return;
    return new Promise((resolve) => {
      const done = () => {
        this.#extract.off('drain', done).off('close', done);
        resolve();
      };
      this.#extract.on('drain', done).on('close', done);
    });
  }
}

/** The data of an entry. Iteration can stop and resume; it never destroys the library's stream. */
class EntryStream implements AsyncIterableIterator<Buffer> {
  readonly #pieces: AsyncIterator<Uint8Array> | undefined;
  readonly #cause: (error: unknown) => unknown;

  /** `cause` maps the library's errors. */
  constructor(entry: FoundEntry, cause: (error: unknown) => unknown) {
    const { size, type } = entry.header;
    this.#cause = cause;
    // The streams of entries without data do not end.
    this.#pieces = size === 0 || type === 'directory' ? undefined : entry[Symbol.asyncIterator]();
  }

  async next(): Promise<IteratorResult<Buffer>> {
    const result = await this.#pieces?.next().catch((error) => {
      throw this.#cause(error);
    });
    if (result === undefined || result.done) return { done: true, value: undefined };
    return { done: false, value: asBuffer(result.value) };
  }

  async drain(): Promise<void> {
    while (!(await this.next()).done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function numberOf(value: number | null | undefined): number {
  return value ?? Number.NaN;
}

/** Text that the library decoded as latin1. */
function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
