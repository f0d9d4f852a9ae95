/**
 * A content object that is too large for a block of memory: collected, and hashed, in a nameless file of the
 * repository's tmp/, and given to libostree from there when its bytes gave the id. libostree takes a stream in one
 * call, which must not wait for the network; and its own writer for pieces does not write to archive repositories.
 *
 * Sticky error: after the first failure every call throws it. The hash is that of the bytes as given, so it says
 * nothing about a file in which one of the writes failed.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writeError } from '../../base/atomic-file.ts';
import { TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { corrupt } from '../../ostree/verify.ts';
import type { StagedRepo } from './staging.ts';
import { writeContentFile } from './write-objects.ts';

export class LargeFile {
  readonly #path: string;
  readonly #hash: Hash = createHash('sha256');
  #descriptor: number | undefined;
  #length = 0;
  #failure: { readonly error: unknown } | undefined;

  /** `directory` is the repository's tmp/: on its file system, and swept by libostree. */
  constructor(directory: string) {
    this.#path = join(directory, `treeport-${process.pid}-${randomBytes(6).toString('hex')}`);
  }

  /** The next bytes of the hashed stream. */
  append(bytes: Uint8Array): void {
    this.#guarded(() => {
      this.#descriptor ??= openNameless(this.#path);
      this.#hash.update(bytes);
      // At a place, so that the descriptor stays positioned at the start.
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#descriptor, bytes, done, bytes.length - done, this.#length + done);
      this.#length += bytes.length;
    });
  }

  /** Verifies and writes the object. The file is closed by `close`, whatever happened. */
  finish(repo: StagedRepo, checksum: Checksum): void {
    this.#guarded(() => {
      const actual = this.#hash.digest('hex');
      if (actual !== checksum) throw corrupt(`${checksum}.file`, actual);
      const descriptor = this.#descriptor as number;
      const { size } = fstatSync(descriptor);
      if (size !== this.#length)
        throw new TreeportError(
          'ERR_IO',
          `cannot write ${this.#path}: it has ${size} bytes after ${this.#length} were written`,
        );
      writeContentFile(repo, checksum, descriptor, this.#length);
    });
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  #guarded(work: () => void): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      work();
    } catch (error) {
      this.#failure = { error: writeError(error, this.#path) };
      throw this.#failure.error;
    }
  }
}

/** Without its name the file is gone with its descriptor. */
function openNameless(path: string): number {
  const descriptor = openSync(path, 'wx+', 0o600);
  rmSync(path);
  return descriptor;
}
