/** The sums of stream-sums.ts, with SHA-256 on libuv's pool: the calling thread has enough to do. */
import { crc32 } from 'node:zlib';
import { libdeflate } from '../../native/deflate/libdeflate.ts';
import { hasPoolSha256, PoolSha256 } from '../../native/openssl/sha256.ts';
import type { HashRequest, Sums } from './stream-sums.ts';

type State = { readonly sha256: PoolSha256; crc32: number; size: number };

/** Whether {@link PoolSums} can be used. */
export const hashesOnPool: () => boolean = hasPoolSha256;

export class PoolSums {
  readonly #streams = new Map<number, State>();

  async take({ stream, bytes }: HashRequest): Promise<Sums | undefined> {
    const state = this.#streams.get(stream) ?? { sha256: new PoolSha256(), crc32: 0, size: 0 };
    if (bytes === undefined) {
      this.#streams.delete(stream);
      return { sha256: await state.sha256.end(), crc32: state.crc32, size: state.size };
    }
    this.#streams.set(stream, state);
    const hashed = state.sha256.update(bytes);
    state.crc32 = addToCrc32(state.crc32, bytes);
    state.size += bytes.length;
    await hashed;
    return undefined;
  }
}

/** libdeflate takes a fifth of zlib's time. */
function addToCrc32(crc: number, bytes: Uint8Array): number {
  return libdeflate()?.crc32(crc, bytes) ?? crc32(bytes, crc);
}
