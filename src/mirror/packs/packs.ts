/**
 * Reads the packs of a published repo: files with many ready objects each, and an index of them all.
 *
 * Opening reads the index up to its entries; a lookup takes one or two small positional reads of the index.
 * The packs stay open. Neither is trusted: what the server sends from a pack is verified like any ready file.
 */
import { closeSync, readSync } from 'node:fs';
import { TreeportError } from '../../base/errors.ts';
import { type OpenedFile, openBeneath } from '../../base/open-beneath.ts';
import { type Checksum, checksumToBytes } from '../../ostree/checksum.ts';
import type { ContentObject } from '../../ostree/object-source.ts';
import type { FileRange, ReadyObjects } from '../../ostree/ready-objects.ts';
import { objectInRange } from '../../ostree/repo/filez-range.ts';
import { objectError } from '../../ostree/repo/object-error.ts';
import { ENTRY_BYTES, FIRST_AT, findEntry, SECOND_AT } from '../id-index.ts';
import { PACKS_INDEX, packPath } from '../layout.ts';
import { countPacks, decodePacksIndex, entriesAt, PACKS_AT, type PacksIndex, packsFault } from './layout.ts';

/** An open pack; `from` is its position among all packs, `to` its end. */
type OpenPack = { readonly fd: number; readonly from: number; readonly to: number };

export class Packs implements ReadyObjects {
  readonly #path: string;
  readonly #index: PacksIndex;
  readonly #indexFile: number;
  readonly #packs: readonly OpenPack[];

  private constructor(path: string, index: PacksIndex, indexFile: number, packs: readonly OpenPack[]) {
    this.#path = path;
    this.#index = index;
    this.#indexFile = indexFile;
    this.#packs = packs;
  }

  /**
   * Opens the packs of the published repo at `path`; undefined if it has none. ERR_PACKS if the index is
   * damaged or a pack is missing, ERR_FILE_UNSAFE if one leads out of the repo.
   */
  static open(path: string): Packs | undefined {
    const file = openBeneath(path, PACKS_INDEX);
    if (file === undefined) return undefined;
    const packs: OpenPack[] = [];
    try {
      const index = readIndex(file, path);
      for (const { sum, size } of index.packs) packs.push(openPack(path, sum, size, packs.at(-1)?.to ?? 0));
      return new Packs(path, index, file.fd, packs);
    } catch (error) {
      for (const { fd } of [file, ...packs]) closeSync(fd);
      throw error;
    }
  }

  get encoder(): string {
    return this.#index.encoder;
  }

  close(): void {
    for (const { fd } of this.#packs) closeSync(fd);
    closeSync(this.#indexFile);
  }

  find(checksum: Checksum): FileRange | undefined {
    const entry = findEntry(this.#index.fanOut, checksumToBytes(checksum), (first, count) =>
      this.#readEntries(first, count),
    );
    if (entry === undefined) return undefined;
    const position = Number(entry.readBigUInt64BE(FIRST_AT));
    const length = Number(entry.readBigUInt64BE(SECOND_AT));
    const pack = this.#packs.find(({ from, to }) => position >= from && position + length <= to);
    if (pack === undefined)
      throw packsFault(this.#path, `${checksum} has ${length} bytes at ${position}, which no pack has`);
    return { fd: pack.fd, from: position - pack.from, length };
  }

  async content(checksum: Checksum): Promise<ContentObject> {
    const name = `${checksum}.filez`;
    const found = this.find(checksum);
    if (found === undefined)
      throw new TreeportError('ERR_OBJECT_MISSING', `object ${name} is in no pack of ${this.#path}`);
    try {
      return objectInRange(found, checksum);
    } catch (error) {
      throw objectError(error, name, this.#path);
    }
  }

  #readEntries(first: number, count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count * ENTRY_BYTES);
    const at = entriesAt(this.#packs.length) + first * ENTRY_BYTES;
    if (readSync(this.#indexFile, bytes, 0, bytes.length, at) === bytes.length) return bytes;
    throw packsFault(this.#path, `the index ends within ${count} entries at ${at}`);
  }
}

function readIndex({ fd, stats }: OpenedFile, path: string): PacksIndex {
  const start = readUpTo(fd, PACKS_AT);
  return decodePacksIndex(readUpTo(fd, entriesAt(countPacks(start, path))), stats.size, path);
}

function readUpTo(fd: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
}

function openPack(path: string, sum: string, size: number, from: number): OpenPack {
  const file = openBeneath(path, packPath(sum));
  if (file === undefined) throw packsFault(path, `pack ${sum} is missing`);
  if (file.stats.size === size) return { fd: file.fd, from, to: from + size };
  closeSync(file.fd);
  throw packsFault(path, `pack ${sum} has ${file.stats.size} bytes instead of ${size}`);
}
