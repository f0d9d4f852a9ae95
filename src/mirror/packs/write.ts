/** Writes the packs of a published repo and their index (layout.ts); equal objects give equal files. */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError, writeFileAtomic } from '../../base/atomic-file.ts';
import { BufferedWriter } from '../../base/buffered-writer.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { CANONICAL_LEVEL, encoderId } from '../../ostree/verified-filez.ts';
import { IdTable } from '../id-table.ts';
import { PACKS, PACKS_INDEX, packPath } from '../layout.ts';
import { endsPack, packTarget } from './cut.ts';
import { encodePacksIndex, type Pack } from './layout.ts';

export type ObjectInPack = {
  readonly checksum: Checksum;
  /** Bytes of the archive file. */
  readonly length: number;
};

/**
 * Writes these objects, in this order, below the repository `path`. `read` gives the bytes of an archive
 * file; each of its pieces is valid until the next. Returns the packs.
 */
export async function writePacks(
  path: string,
  objects: readonly ObjectInPack[],
  read: (object: ObjectInPack) => AsyncIterable<Buffer>,
): Promise<readonly Pack[]> {
  try {
    await mkdir(join(path, PACKS), { recursive: true });
    const target = packTarget(objects.reduce((sum, { length }) => sum + length, 0));
    const table = new IdTable();
    const packs: Pack[] = [];
    let position = 0;
    for (let next = 0; next < objects.length; ) {
      const end = endOfPack(objects, next, target);
      const pack = await PackFile.create(path);
      for (const object of objects.slice(next, end)) {
        table.add(object.checksum, position, object.length);
        position += object.length;
        for await (const piece of read(object)) await pack.write(piece);
      }
      packs.push(await pack.finish());
      next = end;
    }
    await writeFileAtomic(join(path, PACKS_INDEX), indexPieces(table, packs));
    return packs;
  } catch (error) {
    throw writeError(error, join(path, PACKS));
  }
}

function endOfPack(objects: readonly ObjectInPack[], first: number, target: number): number {
  let filled = 0;
  for (let next = first; next < objects.length; next++) {
    const object = objects[next] as ObjectInPack;
    filled += object.length;
    if (endsPack(object, filled, target)) return next + 1;
  }
  return objects.length;
}

async function* indexPieces(table: IdTable, packs: readonly Pack[]): AsyncGenerator<Buffer> {
  const { fanOut, sorted } = table.sort();
  yield encodePacksIndex({ encoder: encoderId(CANONICAL_LEVEL), packs, count: table.count, fanOut });
  yield Buffer.concat([...sorted]);
}

/** A pack that is being written; its name is known at the end. */
class PackFile {
  readonly #repo: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #out: BufferedWriter;
  readonly #hash: Hash = createHash('sha256');

  private constructor(repo: string, path: string, file: FileHandle) {
    this.#repo = repo;
    this.#path = path;
    this.#file = file;
    this.#out = new BufferedWriter(file, 0);
  }

  static async create(repo: string): Promise<PackFile> {
    const path = join(repo, PACKS, 'unfinished');
    return new PackFile(repo, path, await open(path, 'w', 0o644));
  }

  async write(piece: Buffer): Promise<void> {
    this.#hash.update(piece);
    await this.#out.write(piece);
  }

  async finish(): Promise<Pack> {
    await this.#out.flush();
    await this.#file.close();
    const pack = { sum: this.#hash.digest('hex'), size: this.#out.position };
    await rename(this.#path, join(this.#repo, packPath(pack.sum)));
    return pack;
  }
}
