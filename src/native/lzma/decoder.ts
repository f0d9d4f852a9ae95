/**
 * Decoder of one .xz stream. Like libostree's it does not read on behind the end of the stream, and it takes
 * any number of blocks and every filter and check that liblzma knows.
 */
import { liblzma } from './liblzma.ts';
import { LZMA, lzmaError } from './status.ts';
import { inputLeft, outputLeft, STREAM_BYTES, setInput, setOutput } from './stream.ts';

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
    setInput(stream, input);
    setOutput(stream, output);
    const status = liblzma().code(stream, RUN);
    if (status !== LZMA.ok && status !== LZMA.streamEnd) throw lzmaError(this.#what, status);
    return {
      consumed: input.length - inputLeft(stream),
      produced: output.length - outputLeft(stream),
      isEnd: status === LZMA.streamEnd,
    };
  }

  /** Frees liblzma's memory. */
  [Symbol.dispose](): void {
    liblzma().end(this.#stream);
  }
}
