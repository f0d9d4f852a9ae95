/**
 * Compresses and hashes a stream on other threads; the calling thread only moves bytes.
 *
 * The input is copied into slots of shared memory, one block each. A full slot is hashed and compressed, its
 * result is hashed and written in input order, and then the slot goes back to the pool. All streams share the
 * threads and the pool, which bounds the memory and applies backpressure to the sources.
 */
import type { Digest } from '../model/descriptor.ts';
import type { BlockFormat } from './block-format.ts';
import type { Compression } from './compression.ts';
import { formatOf } from './formats.ts';
import type { Slot } from './slots.ts';
import { type CompressionThreads, type HashStream, sharedThreads } from './threads.ts';

export type CompressOptions = {
  readonly compression: Compression;
  /** Receives compressed bytes, whose memory is reused once the promise resolves. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Receives the size of each block of input. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Stops the stream with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** Default: one for each processor. The output does not depend on their number. */
  readonly threads?: CompressionThreads;
  /** Default: how this machine compresses with the algorithm. */
  readonly format?: BlockFormat;
};

export type StreamDigests = {
  readonly digest: Digest;
  readonly size: number;
};

export type CompressedStream = {
  readonly uncompressed: StreamDigests;
  readonly compressed: StreamDigests;
};

/** Compresses `source` to its end; rejects with the error of the source, of `write` or of the signal. */
export async function compressStream(
  source: AsyncIterable<Uint8Array>,
  options: CompressOptions,
): Promise<CompressedStream> {
  const compressor = new StreamCompressor(options);
  try {
    for await (const chunk of source) {
      options.signal?.throwIfAborted();
      await compressor.add(chunk);
    }
    return await compressor.end();
  } catch (error) {
    await compressor.abandon();
    throw error;
  } finally {
    compressor.release();
  }
}

class StreamCompressor {
  readonly #format: BlockFormat;
  readonly #options: CompressOptions;
  readonly #threads: CompressionThreads;
  readonly #inputHash: HashStream;
  readonly #outputHash: HashStream;
  /** The last bytes of the preceding block. */
  readonly #tail: Uint8Array;
  /** The slot that is being filled. */
  #current: Slot | undefined;
  #filled = 0;
  #blocks = 0;
  /** Resolves when all blocks so far are written, in order, and their slots are free. */
  #written: Promise<void>;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: CompressOptions) {
    this.#options = options;
    this.#format = options.format ?? formatOf(options.compression.algorithm);
    this.#threads = options.threads ?? sharedThreads();
    this.#threads.slots.enter();
    this.#inputHash = this.#threads.hashStream(this.#format);
    this.#outputHash = this.#threads.hashStream(this.#format);
    this.#tail = new Uint8Array(this.#format.dictionarySize);
    this.#written = this.#keepFailure(this.#emit(this.#format.header(options.compression.level)));
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      const slot = await this.#slotWithRoom();
      const part = rest.subarray(0, slot.input.length - this.#filled);
      slot.input.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
    }
  }

  async end(): Promise<CompressedStream> {
    // A full block is submitted only when more input follows, so that the last one can be marked as last.
    this.#submit(this.#current ?? (await this.#takeSlot()), true);
    await this.#written;
    this.#throwFailure();
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
    await this.#written;
    await Promise.allSettled([this.#inputHash.end(), this.#outputHash.end()]);
  }

  /** Returns the memory, in the end. */
  release(): void {
    if (this.#current !== undefined) this.#threads.slots.give(this.#current);
    this.#threads.slots.leave();
  }

  async #slotWithRoom(): Promise<Slot> {
    if (this.#current !== undefined && this.#filled === this.#current.input.length) {
      this.#submit(this.#current, false);
    }
    this.#current ??= await this.#takeSlot();
    return this.#current;
  }

  async #takeSlot(): Promise<Slot> {
    const slot = await this.#threads.slots.take(this.#format);
    this.#current = slot;
    this.#throwFailure();
    return slot;
  }

  #submit(slot: Slot, last: boolean): void {
    const bytes = slot.input.subarray(0, this.#filled);
    const dictionary = slot.dictionary.subarray(0, this.#blocks === 0 ? 0 : slot.dictionary.length);
    dictionary.set(this.#tail.subarray(0, dictionary.length));
    if (!last) this.#tail.set(bytes.subarray(bytes.length - this.#tail.length));
    this.#current = undefined;
    this.#filled = 0;
    this.#blocks += 1;
    this.#options.onProgress?.(bytes.length);
    const compressed = this.#threads.compress({
      encoder: this.#format.encoder,
      level: this.#options.compression.level,
      block: { bytes, dictionary, last },
      output: slot.output,
    });
    const hashed = this.#inputHash.update(bytes);
    this.#written = this.#keepFailure(this.#finishBlock(slot, { compressed, hashed, before: this.#written }));
  }

  async #finishBlock(slot: Slot, work: BlockWork): Promise<void> {
    try {
      await allSettled([work.compressed, work.hashed, work.before]);
      this.#throwFailure();
      await this.#emit(slot.output.subarray(0, await work.compressed));
    } finally {
      this.#threads.slots.give(slot);
    }
  }

  async #emit(bytes: Uint8Array): Promise<void> {
    await allSettled([this.#options.write(bytes), this.#outputHash.update(bytes)]);
  }

  /** Never rejects: the next wait for a slot, or the end, reports the first failure. */
  async #keepFailure(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

type BlockWork = {
  readonly compressed: Promise<number>;
  readonly hashed: Promise<void>;
  readonly before: Promise<void>;
};

/** Waits for all, because the work uses shared memory, then throws the first failure. */
async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}
