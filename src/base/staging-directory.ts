/**
 * Writes many files atomically: each is written into one directory for all of them, on the same file system,
 * and renamed. One lock marks that directory as in use, so a file takes four system calls; leftovers of a
 * killed process go when the next one creates a staging directory in the same place.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeError, writePieces } from './atomic-file.ts';
import { errnoOf } from './errors.ts';
import { Temporary } from './temporary.ts';

const FILE_MODE = 0o644;

export class StagingDirectory implements AsyncDisposable {
  readonly #directory: Temporary;
  #made = 0;

  private constructor(directory: Temporary) {
    this.#directory = directory;
  }

  /** Creates one inside a directory that exists. Throws system errors. */
  static async create(inside: string): Promise<StagingDirectory> {
    return new StagingDirectory(await Temporary.create(join(inside, 'treeport'), 'directory', 0o755));
  }

  /**
   * Writes a file that is to become `path`, and returns where it is until {@link place} or {@link discard}.
   * ERR_DISK_FULL or ERR_IO, which name `path`.
   */
  async stage(path: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
    const staged = join(this.#directory.path, String(this.#made++));
    try {
      if (content instanceof Uint8Array) writeFileSync(staged, content, { mode: FILE_MODE });
      else await writeStream(staged, content);
      return staged;
    } catch (error) {
      this.discard(staged);
      throw writeError(error, path);
    }
  }

  /** Gives a staged file its name, in place of any file there. Creates missing directories. */
  place(staged: string, path: string): void {
    try {
      renameInto(staged, path);
    } catch (error) {
      this.discard(staged);
      throw writeError(error, path);
    }
  }

  discard(staged: string): void {
    rmSync(staged, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What a medium that is gone or broken does not let go is swept later.
    await this.#directory.remove().catch(() => {});
  }
}

async function writeStream(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, 'wx', FILE_MODE);
  await writePieces(file, pieces);
}

function renameInto(staged: string, path: string): void {
  try {
    renameSync(staged, path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    renameSync(staged, path);
  }
}
