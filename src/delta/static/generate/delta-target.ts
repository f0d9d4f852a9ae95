/**
 * Where a delta is made: in a repository's temporary directory, from where publish-delta.ts moves it, or for
 * offline use beside a path of its own. There parts come first, and the superblock last, by renaming, so that
 * a superblock never names a part that is not there; files of an earlier delta are replaced.
 */
import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeError, writeFileAtomic } from '../../../base/atomic-file.ts';
import { TreeportError } from '../../../base/errors.ts';
import { Temporary } from '../../../base/temporary.ts';

export class DeltaTarget {
  readonly #files: Temporary;

  private constructor(files: Temporary) {
    this.#files = files;
  }

  /** On the file system of the repository; ERR_REPO_READ_ONLY. */
  static async inRepository(repoPath: string): Promise<DeltaTarget> {
    try {
      await access(repoPath, constants.W_OK);
    } catch (error) {
      throw new TreeportError(
        'ERR_REPO_READ_ONLY',
        `cannot write a delta into repository ${repoPath}; give --filename to write it elsewhere`,
        { cause: error },
      );
    }
    const scratch = join(repoPath, 'tmp');
    await mkdir(scratch, { recursive: true });
    return DeltaTarget.#create(scratch);
  }

  /** In the directory of `path`, which must exist. */
  static async atFile(path: string): Promise<DeltaTarget> {
    return DeltaTarget.#create(dirname(path));
  }

  static async #create(scratch: string): Promise<DeltaTarget> {
    try {
      return new DeltaTarget(await Temporary.create(join(scratch, 'delta'), 'directory', 0o700));
    } catch (error) {
      throw writeError(error, scratch);
    }
  }

  get directory(): string {
    return this.#files.path;
  }

  partPath(index: number): string {
    return join(this.directory, String(index));
  }

  /** Reads all parts and removes their files, for a superblock that holds them. */
  async takeParts(count: number): Promise<readonly Buffer[]> {
    const parts: Buffer[] = [];
    for (let index = 0; index < count; index++) {
      parts.push(await readFile(this.partPath(index)));
      await rm(this.partPath(index));
    }
    return parts;
  }

  async addSuperblock(superblock: Uint8Array): Promise<void> {
    await writeFileAtomic(join(this.directory, 'superblock'), superblock);
  }

  /** Moves the parts beside `path`, and writes the superblock there. */
  async moveTo(path: string, parts: number, superblock: Uint8Array): Promise<void> {
    const directory = dirname(path);
    try {
      for (let index = 0; index < parts; index++)
        await rename(this.partPath(index), join(directory, String(index)));
    } catch (error) {
      throw writeError(error, directory);
    }
    await writeFileAtomic(path, superblock);
  }

  /** Removes what was not moved. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files.remove();
  }
}
