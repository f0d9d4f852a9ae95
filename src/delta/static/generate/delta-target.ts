/**
 * Where a delta is written: below a repository, or at a path of its own for offline use. Parts come first,
 * and the superblock last, by renaming, so that a superblock never names a part that is not there.
 */
import { constants } from 'node:fs';
import { access, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeError, writeFileAtomic } from '../../../base/atomic-file.ts';
import { TreeportError } from '../../../base/errors.ts';
import { Temporary } from '../../../base/temporary.ts';
import { type DeltaName, superblockPath } from '../../../ostree/delta-name.ts';

export class DeltaTarget {
  /** Path of the superblock. */
  readonly path: string;
  readonly #parts: Temporary;

  private constructor(path: string, parts: Temporary) {
    this.path = path;
    this.#parts = parts;
  }

  /** Below the repository; ERR_REPO_READ_ONLY. */
  static async inRepository(repoPath: string, name: DeltaName): Promise<DeltaTarget> {
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
    return DeltaTarget.#create(join(repoPath, superblockPath(name)), scratch);
  }

  /** The superblock at `path`, the parts beside it; the directory must exist. */
  static async atFile(path: string): Promise<DeltaTarget> {
    return DeltaTarget.#create(path, dirname(path));
  }

  static async #create(path: string, scratch: string): Promise<DeltaTarget> {
    try {
      return new DeltaTarget(path, await Temporary.create(join(scratch, 'delta'), 'directory', 0o700));
    } catch (error) {
      throw writeError(error, scratch);
    }
  }

  /** Where a part is written before it is published. */
  partPath(index: number): string {
    return join(this.#parts.path, String(index));
  }

  /** Moves the parts to their place and writes the superblock. */
  async publish(parts: number, superblock: Uint8Array): Promise<void> {
    const directory = dirname(this.path);
    try {
      await mkdir(directory, { recursive: true });
      for (let index = 0; index < parts; index++)
        await rename(this.partPath(index), join(directory, String(index)));
    } catch (error) {
      throw writeError(error, directory);
    }
    await writeFileAtomic(this.path, superblock);
  }

  /** Removes what was not published. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.remove();
  }
}
