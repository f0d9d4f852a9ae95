/** Buffers small writes to a file at a position. */
import type { FileHandle } from 'node:fs/promises';

const WRITE_BYTES = 256 * 1024;

export class BufferedWriter {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #used = 0;
  #flushed: number;

  constructor(file: FileHandle, start: number) {
    this.#file = file;
    this.#flushed = start;
  }

  /** Where the next piece goes. */
  get position(): number {
    return this.#flushed + this.#used;
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#used + bytes.length > WRITE_BYTES) await this.flush();
    if (bytes.length > WRITE_BYTES) {
      await this.#writeOut(bytes);
      return;
    }
    bytes.copy(this.#buffer, this.#used);
    this.#used += bytes.length;
  }

  async flush(): Promise<void> {
    await this.#writeOut(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  async #writeOut(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await this.#file.write(bytes, done, bytes.length - done, this.#flushed + done)).bytesWritten;
    }
    this.#flushed += bytes.length;
  }
}
