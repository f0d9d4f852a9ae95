/**
 * One temporary file with the bytes of all files of a tree that was read from tar archives, which cannot be
 * read at any place. It is removed with its directory.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from '../../base/atomic-file.ts';
import { BufferedWriter } from '../../base/buffered-writer.ts';
import { asBuffer } from '../../base/bytes.ts';
import type { Temporary } from '../../base/temporary.ts';
import { makeTemporaryDirectory } from '../../base/temporary-directory.ts';
import type { FilePlace } from './file-place.ts';

const NAME = 'content';

export class Spool {
  readonly #directory: Temporary;
  readonly #file: FileHandle;
  readonly #writer: BufferedWriter;

  private constructor(directory: Temporary, file: FileHandle) {
    this.#directory = directory;
    this.#file = file;
    this.#writer = new BufferedWriter(file, 0);
  }

  static async create(): Promise<Spool> {
    const directory = await makeTemporaryDirectory();
    return new Spool(directory, await open(join(directory.path, NAME), 'wx', 0o600));
  }

  /** Where the bytes are once {@link flush} was called. ERR_DISK_FULL, ERR_IO, errors of the stream. */
  async add(data: AsyncIterable<Uint8Array>): Promise<FilePlace> {
    const start = this.#writer.position;
    for await (const piece of data) await this.#attempt(this.#writer.write(asBuffer(piece)));
    return { root: this.#directory.path, path: NAME, start, stamp: undefined };
  }

  async flush(): Promise<void> {
    await this.#attempt(this.#writer.flush());
  }

  async remove(): Promise<void> {
    await this.#file.close();
    await this.#directory.remove();
  }

  async #attempt(written: Promise<void>): Promise<void> {
    await written.catch((error) => {
      throw writeError(error, join(this.#directory.path, NAME));
    });
  }
}
