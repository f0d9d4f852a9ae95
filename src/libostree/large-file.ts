/**
 * A content object that is too large for a block of memory: collected, and hashed, in a nameless file of the
 * repository's tmp/, and given to libostree from there when its bytes gave the id. libostree takes a stream in one
 * call, which must not wait for the network; and its own writer for pieces does not write to archive repositories.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writeError } from '../base/atomic-file.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { corrupt } from '../ostree/verify.ts';
import type { Pointer } from './library.ts';
import { writeContentFile } from './write-objects.ts';

export class LargeFile {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #hash: Hash = createHash('sha256');
  #length = 0;

  /** `directory` is the repository's tmp/: on its file system, and swept by libostree. */
  constructor(directory: string) {
    this.#path = join(directory, `treeport-${process.pid}-${randomBytes(6).toString('hex')}`);
    this.#descriptor = open(this.#path);
  }

  /** The next bytes of the hashed stream. */
  append(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    for (let done = 0; done < bytes.length; ) done += this.#write(bytes.subarray(done), this.#length + done);
    this.#length += bytes.length;
  }

  /** Verifies and writes the object. The file is closed by `close`, whatever happened. */
  finish(repo: Pointer, checksum: Checksum): void {
    const actual = this.#hash.digest('hex');
    if (actual !== checksum) throw corrupt(`${checksum}.file`, actual);
    writeContentFile(repo, checksum, this.#descriptor, this.#length);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** At a place, so that the descriptor stays positioned at the start. */
  #write(bytes: Uint8Array, position: number): number {
    try {
      return writeSync(this.#descriptor, bytes, 0, bytes.length, position);
    } catch (error) {
      throw writeError(error, this.#path);
    }
  }
}

/** Without its name the file is gone with its descriptor. */
function open(path: string): number {
  try {
    const descriptor = openSync(path, 'wx+', 0o600);
    rmSync(path);
    return descriptor;
  } catch (error) {
    throw writeError(error, path);
  }
}
