/**
 * Writes catalogues (catalogue-layout.ts) in one pass: headers are written as they come, the entries are
 * sorted at the end. Memory: 48 bytes for each entry and a key for each distinct header of a regular file.
 */
import { hash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { temporaryName, writeError } from '../base/atomic-file.ts';
import { BufferedWriter } from '../base/buffered-writer.ts';
import { archiveHeader, type FileHeader, isSymlink } from '../ostree/file-header.ts';
import type { CatalogueEntry } from './catalogue.ts';
import * as layout from './catalogue-layout.ts';
import { IdTable } from './id-table.ts';

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
    const entries = new IdTable();
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
