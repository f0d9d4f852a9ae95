/**
 * Decoding of one whole .xz stream in memory. Memory is bounded by the decoded bytes and the limit for
 * liblzma, never by what headers announce.
 */
import { TreeportError } from '../../base/errors.ts';
import { XzDecoder } from '../../native/lzma/decoder.ts';

export type XzLimits = {
  /** For liblzma itself: a little more than the largest dictionary. */
  readonly memoryLimit: number;
  /** More decoded bytes are ERR_XZ. */
  readonly maxBytes: number;
  /** Saves copies if it is right. */
  readonly expectedBytes?: number;
};

export type DecodedXz = {
  readonly bytes: Uint8Array;
  /** Length of the stream; bytes behind it are not looked at. */
  readonly consumed: number;
};

const LEAST_BYTES = 64 * 1024;

/** Decodes the stream at the start of `input`; `what` names it in errors. ERR_XZ if it is damaged. */
export function decodeXz(what: string, input: Uint8Array, limits: XzLimits): DecodedXz {
  using decoder = new XzDecoder(what, limits.memoryLimit);
  const expected = Math.max(limits.expectedBytes ?? 0, LEAST_BYTES);
  const done = { read: 0, written: 0 };
  // A byte more than allowed, so that a stream of exactly maxBytes is known to have ended.
  let output = new Uint8Array(Math.min(expected, limits.maxBytes) + 1);
  for (;;) {
    const step = decoder.step(input.subarray(done.read), output.subarray(done.written));
    done.read += step.consumed;
    done.written += step.produced;
    if (done.written > limits.maxBytes) {
      throw new TreeportError('ERR_XZ', `${what}: it decompresses to more than ${limits.maxBytes} bytes`);
    }
    if (step.isEnd) return { bytes: output.subarray(0, done.written), consumed: done.read };
    if (done.written === output.length) output = grown(output, limits.maxBytes + 1);
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(bytes.length * 2, most));
  larger.set(bytes);
  return larger;
}
