/**
 * A bounded pool of reusable blocks of shared memory, and the packing of streams into them. take() waits when
 * the pool is empty. The blocks of a closed pool go to the next one, because the garbage collector sees
 * little of shared memory and would let it grow.
 */
import { asBuffer } from '../../base/bytes.ts';

const MAX_SPARE_BYTES = 32 * 1024 * 1024;
const spare: Uint8Array[] = [];

export class MemoryPool {
  readonly blockBytes: number;
  readonly #free: Uint8Array[] = [];
  readonly #waiting: ((block: Uint8Array) => void)[] = [];
  #left: number;

  constructor(blocks: number, blockBytes: number) {
    this.#left = blocks;
    this.blockBytes = blockBytes;
  }

  async take(): Promise<Uint8Array> {
    const block = this.#free.pop();
    if (block !== undefined) return block;
    if (this.#left === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#left -= 1;
    return takeSpare(this.blockBytes) ?? new Uint8Array(new SharedArrayBuffer(this.blockBytes));
  }

  give(block: Uint8Array): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(block);
    else next(block);
  }

  /** Call when no block is in use any more. */
  close(): void {
    for (const block of this.#free.splice(0)) {
      if ((spare.length + 1) * block.length <= MAX_SPARE_BYTES) spare.push(block);
    }
  }
}

function takeSpare(bytes: number): Uint8Array | undefined {
  const index = spare.findIndex((block) => block.length === bytes);
  return index < 0 ? undefined : spare.splice(index, 1)[0];
}

export type FilledBlock = {
  /** A block of the pool; the consumer gives it back. */
  readonly memory: Uint8Array;
  /** Filled bytes; less than the block only in the last one. */
  readonly length: number;
};

export async function* filledBlocks(
  stream: AsyncIterable<Uint8Array>,
  pool: MemoryPool,
): AsyncGenerator<FilledBlock> {
  let memory: Uint8Array | undefined;
  let length = 0;
  try {
    for await (const piece of stream) {
      for (let at = 0; at < piece.length; ) {
        memory ??= await pool.take();
        const part = piece.subarray(at, at + memory.length - length);
        // V8 sets bytes of shared memory one by one.
        asBuffer(part).copy(memory, length);
        at += part.length;
        length += part.length;
        if (length < memory.length) continue;
        const block = { memory, length };
        memory = undefined;
        length = 0;
        yield block;
      }
    }
    if (memory === undefined) return;
    const block = { memory, length };
    memory = undefined;
    yield block;
  } finally {
    if (memory !== undefined) pool.give(memory);
  }
}
