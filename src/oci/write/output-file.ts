/**
 * A file that is written by appending or at any position. Errors name the target that it is written for and
 * are sticky: after the first failure every call rejects with it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { writeError } from '../../base/atomic-file.ts';

export class OutputFile {
  readonly #handle: FileHandle;
  readonly #target: string;
  #position = 0;
  #failure: unknown;

  private constructor(handle: FileHandle, target: string) {
    this.#handle = handle;
    this.#target = target;
  }

  /** Opens the empty file `path`; `target` is the final name, for errors. */
  static async open(path: string, target: string): Promise<OutputFile> {
    try {
      return new OutputFile(await open(path, 'r+'), target);
    } catch (error) {
      throw writeError(error, target);
    }
  }

  /** Where the next `append` writes. */
  get position(): number {
    return this.#position;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.writeAt(bytes, this.#position);
    this.#position += bytes.length;
  }

  async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const rest = bytes.length - done;
      const { bytesWritten } = await this.#named(() =>
        this.#handle.write(bytes, done, rest, position + done),
      );
      done += bytesWritten;
    }
  }

  /** Drops what was appended after `position`. */
  async truncate(position: number): Promise<void> {
    await this.#named(() => this.#handle.truncate(position));
    this.#position = position;
  }

  /** Syncs and closes. */
  async finish(): Promise<void> {
    await this.#named(() => this.#handle.sync());
    await this.#named(() => this.#handle.close());
  }

  /** Closes in any state. Idempotent. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => {});
  }

  async #named<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await work();
    } catch (error) {
      this.#failure = writeError(error, this.#target);
      throw this.#failure;
    }
  }
}
