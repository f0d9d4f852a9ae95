/**
 * Writes catalogues (catalogue-layout.ts) in one pass: headers are written as they come, the entries are
 * sorted at the end. Memory: 48 bytes for each entry and a key for each distinct header of a regular file.
 */
import { hash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { temporaryName, writeError } from '../base/atomic-file.ts';
import { toHex } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import { CHECKSUM_BYTES } from '../ostree/checksum.ts';
import { archiveHeader, type FileHeader, isSymlink } from '../ostree/file-header.ts';
import type { CatalogueEntry } from './catalogue.ts';
import * as layout from './catalogue-layout.ts';

const WRITE_BYTES = 256 * 1024;
const FIRST_ROOM = 1024;

/** Writes the catalogue of these objects, each given once, to the file `path`; returns their number. */
export async function writeCatalogue(
  path: string,
  objects: AsyncIterable<CatalogueEntry> | Iterable<CatalogueEntry>,
): Promise<number> {
  const temporary = temporaryName(path);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx', 0o644);
    const headers = new HeaderWriter(file);
    const entries = new EntryTable();
    for await (const { checksum, header, size } of objects) {
      entries.add(checksum, size, await headers.put(header));
    }
    await headers.flush();
    const { fanOut, sorted } = entries.sort();
    await writeEntries(file, headers.position, sorted);
    const index = { count: entries.count, entriesAt: headers.position, fanOut };
    await file.write(layout.encodeIndex(index), 0, layout.HEADERS_AT, 0);
    await file.close();
    file = undefined;
    await rename(temporary, path);
    return entries.count;
  } catch (error) {
    await file?.close();
    await rm(temporary, { force: true });
    throw writeError(error, path);
  }
}

async function writeEntries(file: FileHandle, start: number, entries: Iterable<Buffer>): Promise<void> {
  const out = new BufferedWriter(file, start);
  for (const entry of entries) await out.write(entry);
  await out.flush();
}

/** Buffers small writes to a file. */
class BufferedWriter {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #used = 0;
  #flushed: number;

  constructor(file: FileHandle, start: number) {
    this.#file = file;
    this.#flushed = start;
  }

  /** Where the next piece goes. */
  get position(): number {
    return this.#flushed + this.#used;
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#used + bytes.length > WRITE_BYTES) await this.flush();
    if (bytes.length > WRITE_BYTES) {
      await this.#writeOut(bytes);
      return;
    }
    bytes.copy(this.#buffer, this.#used);
    this.#used += bytes.length;
  }

  async flush(): Promise<void> {
    await this.#writeOut(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  async #writeOut(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await this.#file.write(bytes, done, bytes.length - done, this.#flushed + done)).bytesWritten;
    }
    this.#flushed += bytes.length;
  }
}

class HeaderWriter {
  readonly #out: BufferedWriter;
  readonly #known = new Map<string, number>();

  constructor(file: FileHandle) {
    this.#out = new BufferedWriter(file, layout.HEADERS_AT);
  }

  get position(): number {
    return this.#out.position;
  }

  flush(): Promise<void> {
    return this.#out.flush();
  }

  /**
   * Writes a header unless the file has it already; returns its offset. Headers of symlinks are never shared.
   */
  async put(header: FileHeader): Promise<number> {
    const bytes = archiveHeader(header, 0);
    const key = isSymlink(header) ? undefined : hash('sha256', bytes, 'base64');
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const offset = this.#out.position;
    if (key !== undefined) this.#known.set(key, offset);
    await this.#out.write(bytes);
    return offset;
  }
}

class EntryTable {
  count = 0;
  #bytes = Buffer.alloc(FIRST_ROOM * layout.ENTRY_BYTES);

  add(checksum: string, size: number, headerAt: number): void {
    if (this.count === layout.MAX_ENTRIES)
      throw new TreeportError('ERR_INTERNAL', 'too many content objects');
    const at = this.count * layout.ENTRY_BYTES;
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * at);
    this.#bytes.write(checksum, at, 'hex');
    this.#bytes.writeBigUInt64BE(BigInt(size), at + layout.ENTRY_SIZE_AT);
    this.#bytes.writeBigUInt64BE(BigInt(headerAt), at + layout.ENTRY_HEADER_AT);
    this.count += 1;
  }

  sort(): { readonly fanOut: Uint32Array; readonly sorted: Iterable<Buffer> } {
    const order = this.#order();
    const fanOut = layout.emptyFanOut();
    for (const entry of order) {
      const bucket = layout.bucketOf(this.#bytes, entry * layout.ENTRY_BYTES);
      fanOut[bucket] = (fanOut[bucket] as number) + 1;
    }
    for (let bucket = 1; bucket < fanOut.length; bucket++) {
      fanOut[bucket] = (fanOut[bucket] as number) + (fanOut[bucket - 1] as number);
    }
    return { fanOut, sorted: this.#inOrder(order) };
  }

  /** Entry numbers by ascending id; the first 6 bytes of the ids nearly always decide the order. */
  #order(): Uint32Array {
    const keys = new Float64Array(this.count);
    for (let i = 0; i < this.count; i++) keys[i] = this.#bytes.readUIntBE(i * layout.ENTRY_BYTES, 6);
    const order = new Uint32Array(this.count).map((_, i) => i);
    return order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || this.#compare(a, b));
  }

  #compare(a: number, b: number): number {
    return Buffer.compare(this.#id(a), this.#id(b));
  }

  #id(entry: number): Buffer {
    const at = entry * layout.ENTRY_BYTES;
    return this.#bytes.subarray(at, at + CHECKSUM_BYTES);
  }

  *#inOrder(order: Uint32Array): Generator<Buffer> {
    let previous: Buffer | undefined;
    for (const entry of order) {
      const id = this.#id(entry);
      if (previous?.equals(id))
        throw new TreeportError('ERR_INTERNAL', `the object ${toHex(id)} was given twice`);
      previous = id;
      const at = entry * layout.ENTRY_BYTES;
      yield this.#bytes.subarray(at, at + layout.ENTRY_BYTES);
    }
  }
}
