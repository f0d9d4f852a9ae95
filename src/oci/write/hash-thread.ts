/** Entry point of the hashing thread: SHA-256 and CRC-32 of any number of concurrent streams. */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { answerCalls } from '../../base/answer-calls.ts';

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

const streams = new Map<number, State>();

answerCalls(({ stream, bytes }: HashRequest): Sums | undefined => {
  const state = streams.get(stream) ?? { sha256: createHash('sha256'), crc32: 0, size: 0 };
  if (bytes === undefined) {
    streams.delete(stream);
    return { sha256: state.sha256.digest('hex'), crc32: state.crc32, size: state.size };
  }
  streams.set(stream, state);
  state.sha256.update(bytes);
  state.crc32 = crc32(bytes, state.crc32);
  state.size += bytes.length;
  return undefined;
});
