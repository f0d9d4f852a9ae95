/**
 * A content object that does not fit a block of memory: collected and hashed in an unnamed file of the
 * repository's tmp/, and passed to libostree from there once the bytes gave the id. libostree reads a stream
 * in one call, which must not wait for the network, and its own writer for pieces does not support archive
 * repositories.
 *
 * Sticky error: after the first failure every call throws it, because the hash is that of the bytes as given
 * and says nothing about a file in which a write failed.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writeError } from '../../base/atomic-file.ts';
import { TreeportError } from '../../base/errors.ts';
import { type Checksum, finishChecksum } from '../../ostree/checksum.ts';
import { wrongChecksum } from '../../ostree/object-fault.ts';
import type { StagedRepo } from './staging.ts';
import { writeContentFile } from './write-objects.ts';

export class LargeFile {
  readonly #path: string;
  readonly #hash: Hash = createHash('sha256');
  #descriptor: number | undefined;
  #length = 0;
  #failure: { readonly error: unknown } | undefined;

  /** `directory` is the repository's tmp/, which is on its file system and is swept by libostree. */
  constructor(directory: string) {
    this.#path = join(directory, `treeport-${process.pid}-${randomBytes(6).toString('hex')}`);
  }

  /** The next bytes of the hashed stream. */
  append(bytes: Uint8Array): void {
    this.#guarded(() => {
      this.#descriptor ??= openNameless(this.#path);
      this.#hash.update(bytes);
      // Written at an offset, so that the descriptor stays at the start.
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#descriptor, bytes, done, bytes.length - done, this.#length + done);
      this.#length += bytes.length;
    });
  }

  /**
   * Writes the object, verified if the checksum is given, and returns its checksum. `close` must follow in
   * any case.
   */
  finish(repo: StagedRepo, checksum: Checksum | undefined): Checksum {
    return this.#guarded(() => {
      const actual = finishChecksum(this.#hash);
      if (checksum !== undefined && actual !== checksum) throw wrongChecksum(`${checksum}.file`, actual);
      const descriptor = this.#descriptor as number;
      const { size } = fstatSync(descriptor);
      if (size !== this.#length)
        throw new TreeportError(
          'ERR_IO',
          `cannot write ${this.#path}: it has ${size} bytes after ${this.#length} were written`,
        );
      writeContentFile(repo, actual, descriptor, this.#length);
      return actual;
    });
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  #guarded<Value>(work: () => Value): Value {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      return work();
    } catch (error) {
      this.#failure = { error: writeError(error, this.#path) };
      throw this.#failure.error;
    }
  }
}

/** An unlinked file goes away with its descriptor. */
function openNameless(path: string): number {
  const descriptor = openSync(path, 'wx+', 0o600);
  rmSync(path);
  return descriptor;
}
