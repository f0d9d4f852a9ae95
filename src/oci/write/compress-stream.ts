/**
 * Compresses and hashes a stream on other threads; the calling thread only moves bytes.
 *
 * The input is copied into slots of shared memory, one block each. A full slot is hashed and compressed, its
 * result is hashed and written in input order, and then the slot is free again. The number of slots bounds
 * the memory and applies backpressure to the source.
 */
import type { Digest } from '../model/descriptor.ts';
import { type BlockFormat, MAX_EXPANSION } from './block-format.ts';
import { BLOCK_FORMATS, type Compression } from './compression.ts';
import { type CompressionThreads, type HashStream, sharedThreads } from './threads.ts';

export type CompressOptions = {
  readonly compression: Compression;
  /** Receives compressed bytes, whose memory is reused once the promise resolves. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Receives, after each block, the number of input bytes so far. */
  readonly onProgress?: ((size: number) => void) | undefined;
  /** Default: one for each processor. The output does not depend on their number. */
  readonly threads?: CompressionThreads;
};

export type StreamDigests = {
  readonly digest: Digest;
  readonly size: number;
};

export type CompressedStream = {
  readonly uncompressed: StreamDigests;
  readonly compressed: StreamDigests;
};

const MAX_SLOT_MEMORY = 56 * 1024 * 1024;

/** Compresses `source` to its end; rejects with the error of the source or of `write`. */
export async function compressStream(
  source: AsyncIterable<Uint8Array>,
  options: CompressOptions,
): Promise<CompressedStream> {
  const compressor = new StreamCompressor(options);
  try {
    for await (const chunk of source) await compressor.add(chunk);
    return await compressor.end();
  } catch (error) {
    await compressor.abandon();
    throw error;
  }
}

type Slot = {
  readonly dictionary: Uint8Array;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  filled: number;
};

class StreamCompressor {
  readonly #format: BlockFormat;
  readonly #options: CompressOptions;
  readonly #threads: CompressionThreads;
  readonly #inputHash: HashStream;
  readonly #outputHash: HashStream;
  readonly #maxSlots: number;
  readonly #free: Slot[] = [];
  /** The last bytes of the preceding block. */
  readonly #tail: Uint8Array;
  #slots = 0;
  #current: Slot | undefined;
  #blocks = 0;
  #size = 0;
  /** Resolves when all blocks so far are written, in order. */
  #written: Promise<void>;
  #slotFreed = signal();

  constructor(options: CompressOptions) {
    this.#options = options;
    this.#format = BLOCK_FORMATS[options.compression.algorithm];
    this.#threads = options.threads ?? sharedThreads();
    this.#inputHash = this.#threads.hashStream();
    this.#outputHash = this.#threads.hashStream();
    const affordable = Math.floor(MAX_SLOT_MEMORY / slotSize(this.#format));
    this.#maxSlots = Math.min(this.#threads.count + 2, affordable);
    this.#tail = new Uint8Array(this.#format.dictionarySize);
    this.#written = this.#emit(this.#format.header(options.compression.level));
    this.#written.catch(() => {});
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      const slot = await this.#slotWithRoom();
      const part = rest.subarray(0, slot.input.length - slot.filled);
      slot.input.set(part, slot.filled);
      slot.filled += part.length;
      rest = rest.subarray(part.length);
    }
  }

  async end(): Promise<CompressedStream> {
    // A full block is submitted only when more input follows, so that the last one can be marked as last.
    this.#submit(this.#current ?? (await this.#takeSlot()), true);
    await this.#written;
    const input = await this.#inputHash.end();
    await this.#emit(this.#format.trailer(input));
    const output = await this.#outputHash.end();
    return {
      uncompressed: { digest: `sha256:${input.sha256}`, size: input.size },
      compressed: { digest: `sha256:${output.sha256}`, size: output.size },
    };
  }

  /** Waits until nothing is in flight. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#written]);
    await Promise.allSettled([this.#inputHash.end(), this.#outputHash.end()]);
  }

  async #slotWithRoom(): Promise<Slot> {
    if (this.#current !== undefined && this.#current.filled === this.#current.input.length) {
      this.#submit(this.#current, false);
      this.#current = undefined;
    }
    this.#current ??= await this.#takeSlot();
    return this.#current;
  }

  async #takeSlot(): Promise<Slot> {
    if (this.#free.length === 0 && this.#slots < this.#maxSlots) {
      this.#slots += 1;
      return newSlot(this.#format);
    }
    while (this.#free.length === 0) await this.#slotFreed.promise;
    return this.#free.pop() as Slot;
  }

  #submit(slot: Slot, last: boolean): void {
    const bytes = slot.input.subarray(0, slot.filled);
    const dictionary = slot.dictionary.subarray(0, this.#blocks === 0 ? 0 : slot.dictionary.length);
    dictionary.set(this.#tail.subarray(0, dictionary.length));
    if (!last) this.#tail.set(bytes.subarray(bytes.length - this.#tail.length));
    this.#blocks += 1;
    this.#size += bytes.length;
    this.#options.onProgress?.(this.#size);

    const { compression } = this.#options;
    const done = Promise.all([
      this.#threads.compress({ compression, block: { bytes, dictionary, last }, output: slot.output }),
      this.#inputHash.update(bytes),
    ]);
    this.#written = this.#finishBlock(slot, done, this.#written);
    // The next wait for a slot, or for the end, reports the error.
    this.#written.catch((error) => this.#slotFreed.reject(error));
  }

  async #finishBlock(
    slot: Slot,
    done: Promise<readonly [number, unknown]>,
    before: Promise<void>,
  ): Promise<void> {
    const [, [length]] = await Promise.all([before, done]);
    await this.#emit(slot.output.subarray(0, length));
    slot.filled = 0;
    this.#free.push(slot);
    const freed = this.#slotFreed;
    this.#slotFreed = signal();
    freed.resolve();
  }

  async #emit(bytes: Uint8Array): Promise<void> {
    await Promise.all([this.#options.write(bytes), this.#outputHash.update(bytes)]);
  }
}

/** A promise whose rejection is never unhandled, because the next wait, or the end, reports the failure. */
function signal(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>();
  resolvers.promise.catch(() => {});
  return resolvers;
}

function slotSize(format: BlockFormat): number {
  return format.dictionarySize + 2 * format.blockSize + MAX_EXPANSION;
}

function newSlot(format: BlockFormat): Slot {
  const memory = new SharedArrayBuffer(slotSize(format));
  const inputEnd = format.dictionarySize + format.blockSize;
  return {
    dictionary: new Uint8Array(memory, 0, format.dictionarySize),
    input: new Uint8Array(memory, format.dictionarySize, format.blockSize),
    output: new Uint8Array(memory, inputEnd),
    filled: 0,
  };
}
