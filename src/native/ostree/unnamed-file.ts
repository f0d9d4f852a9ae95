/** An unnamed file of a repository's tmp/ that collects a hashed stream for libostree. */
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { LargeStore } from './large-store.ts';
import type { StagedRepo } from './staging.ts';
import { writeContentFile } from './write-objects.ts';

export class UnnamedFile implements LargeStore {
  readonly path: string;
  readonly #repo: StagedRepo;
  readonly #descriptor: number;

  constructor(repo: StagedRepo, directory: string) {
    this.#repo = repo;
    this.path = join(directory, `treeport-${process.pid}-${randomBytes(6).toString('hex')}`);
    this.#descriptor = openUnnamed(this.path);
  }

  /** At an offset, so that the descriptor stays at the start. */
  write(bytes: Uint8Array, offset: number): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, offset + done);
  }

  finish(checksum: Checksum, length: number): void {
    const { size } = fstatSync(this.#descriptor);
    if (size !== length)
      throw new TreeportError(
        'ERR_IO',
        `cannot write ${this.path}: it has ${size} bytes after ${length} were written`,
      );
    writeContentFile(this.#repo, checksum, this.#descriptor, length);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** An unlinked file goes away with its descriptor. */
function openUnnamed(path: string): number {
  const descriptor = openSync(path, 'wx+', 0o600);
  rmSync(path);
  return descriptor;
}
