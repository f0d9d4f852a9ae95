/** SHA-256, CRC-32 and size of any number of concurrent streams. */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The first bytes start a stream; a request without bytes ends it and is answered with its sums. */
export type HashRequest = {
  readonly stream: number;
  readonly bytes: Uint8Array | undefined;
};

export type Sums = {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly crc32: number;
  readonly size: number;
};

type State = { readonly sha256: Hash; crc32: number; size: number };

export class StreamSums {
  readonly #streams = new Map<number, State>();

  take({ stream, bytes }: HashRequest): Sums | undefined {
    const state = this.#streams.get(stream) ?? { sha256: createHash('sha256'), crc32: 0, size: 0 };
    if (bytes === undefined) {
      this.#streams.delete(stream);
      return { sha256: state.sha256.digest('hex'), crc32: state.crc32, size: state.size };
    }
    this.#streams.set(stream, state);
    state.sha256.update(bytes);
    state.crc32 = crc32(bytes, state.crc32);
    state.size += bytes.length;
    return undefined;
  }
}
