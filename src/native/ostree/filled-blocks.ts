/** Packs a stream into blocks of a memory pool. */
import type { MemoryPool } from './memory-pool.ts';

export type FilledBlock = {
  /** To be given back to the pool. */
  readonly memory: Uint8Array;
  /** How much of it is filled: all but in the last block. */
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
        memory.set(part, length);
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
