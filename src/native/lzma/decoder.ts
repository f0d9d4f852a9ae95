/**
 * Decoder of one .xz stream. Like libostree's it does not read on behind the end of the stream, and it takes
 * any number of blocks and every filter and check that liblzma knows.
 */
import koffi from 'koffi';
import { liblzma } from './liblzma.ts';
import { LZMA, lzmaError } from './status.ts';

/** lzma_stream of lzma/base.h: next_in 0, avail_in 8, next_out 24, avail_out 32. */
const STREAM_BYTES = 136;
const RUN = 0;

export type DecoderStep = {
  readonly consumed: number;
  readonly produced: number;
  /** The stream has ended; its index and checks are verified. */
  readonly isEnd: boolean;
};

export class XzDecoder {
  readonly #stream = Buffer.alloc(STREAM_BYTES);
  readonly #what: string;

  /** `what` names the stream in errors. A stream that needs more than `memoryLimit` bytes is ERR_XZ. */
  constructor(what: string, memoryLimit: number) {
    this.#what = what;
    const status = liblzma().streamDecoder(this.#stream, BigInt(memoryLimit), 0);
    if (status !== LZMA.ok) throw lzmaError(what, status);
  }

  /**
   * Decodes until `input` is consumed, `output` is full or the stream ends; ERR_XZ if it is damaged. A step
   * that neither consumes nor produces anything is possible once; the second in a row is ERR_XZ.
   */
  step(input: Uint8Array, output: Uint8Array): DecoderStep {
    const stream = this.#stream;
    stream.writeBigUInt64LE(input.length === 0 ? 0n : koffi.address(input), 0);
    stream.writeBigUInt64LE(BigInt(input.length), 8);
    stream.writeBigUInt64LE(output.length === 0 ? 0n : koffi.address(output), 24);
    stream.writeBigUInt64LE(BigInt(output.length), 32);
    const status = liblzma().code(stream, RUN);
    if (status !== LZMA.ok && status !== LZMA.streamEnd) throw lzmaError(this.#what, status);
    return {
      consumed: input.length - Number(stream.readBigUInt64LE(8)),
      produced: output.length - Number(stream.readBigUInt64LE(32)),
      isEnd: status === LZMA.streamEnd,
    };
  }

  /** Frees liblzma's memory. */
  [Symbol.dispose](): void {
    liblzma().end(this.#stream);
  }
}
