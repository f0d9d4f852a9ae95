/**
 * Makes archive files of content objects in memory. libdeflate compresses them, in a third of the time that
 * libostree takes, and all but small ones on libuv's pool, so that a thread has several at a time.
 */
import { freeNow } from '../../base/bytes.ts';
import { archiveHeader, type FileHeader, isSymlink } from '../../ostree/file-header.ts';
import { deflateBound, WholeDeflater } from '../deflate/deflate-whole.ts';

/** The way to the pool and back takes as long as deflating this. */
const SMALL_BYTES = 8 * 1024;

/** Of this thread, by level. */
const idle = new Map<number, ArchiveEncoder[]>();

/** Passes the whole file to `use`, which may not keep it. */
export async function withArchiveFile<Value>(
  level: number,
  header: FileHeader,
  bytes: Uint8Array,
  use: (file: Buffer) => Value,
): Promise<Value> {
  const others = idle.get(level) ?? [];
  idle.set(level, others);
  const encoder = others.pop() ?? new ArchiveEncoder(level);
  try {
    return use(await encoder.encode(header, bytes));
  } finally {
    others.push(encoder);
  }
}

class ArchiveEncoder {
  readonly #deflater: WholeDeflater;
  /** Grows to the largest file. */
  #memory = Buffer.alloc(0);

  constructor(level: number) {
    this.#deflater = new WholeDeflater(level);
  }

  /** The file lasts until the next call. */
  async encode(header: FileHeader, bytes: Uint8Array): Promise<Buffer> {
    const start = archiveHeader(header, bytes.length);
    if (isSymlink(header)) return start;
    const file = this.#withRoom(start.length + deflateBound(bytes.length));
    const output = file.subarray(start.length);
    file.set(start);
    const length =
      bytes.length <= SMALL_BYTES
        ? this.#deflater.deflateHere(bytes, output)
        : await this.#deflater.deflateOnPool(bytes, output);
    return file.subarray(0, start.length + length);
  }

  #withRoom(size: number): Buffer {
    if (size <= this.#memory.length) return this.#memory;
    freeNow(this.#memory);
    this.#memory = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(size)));
    return this.#memory;
  }
}
