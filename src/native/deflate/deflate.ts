/**
 * Deflates the pieces of one raw deflate stream with libdeflate. It makes whole streams only, so the mark of
 * the last block is taken from each piece but the last, and an empty stored block follows that ends on a byte
 * boundary, as after Z_SYNC_FLUSH. The next piece may then begin as if there were nothing before it.
 */
import { TreeportError } from '../../base/errors.ts';
import { nodeZlib } from '../zlib/zlib.ts';
import { LastBlockFinder } from './last-block.ts';
import { libdeflate } from './libdeflate.ts';
import { runHere, runOnPool, type Steps } from './steps.ts';

export type DeflateRequest = {
  readonly bytes: Uint8Array;
  /** Whether it ends the stream. */
  readonly last: boolean;
  /** 1 to 9. */
  readonly level: number;
  /** For the result; more room than the bytes need if they cannot be compressed. */
  readonly output: Uint8Array;
};

/** The largest piece. Pieces of 1 MiB would save 0.1 % for twice the memory. */
export const MAX_PIECE_BYTES = 512 * 1024;

const BITS_OF_HEADER = 3;
/** LEN and NLEN of an empty stored block. */
const EMPTY = [0, 0, 0xff, 0xff] as const;

/** Compressors that are not in use, by level. */
const idle = new Map<number, PieceDeflater[]>();

/** Version of libdeflate; undefined if it is not installed, or if this Node exports no inflate. */
export function deflaterVersion(): string | undefined {
  return nodeZlib() === undefined ? undefined : libdeflate()?.version;
}

/** Returns the number of bytes in `output`. Blocks the thread. */
export function deflateHere(piece: DeflateRequest): number {
  const deflater = take(piece.level);
  try {
    return runHere(deflater.deflate(piece));
  } finally {
    give(deflater);
  }
}

/** The same on libuv's pool: the same bytes. */
export async function deflateOnPool(piece: DeflateRequest): Promise<number> {
  const deflater = take(piece.level);
  try {
    return await runOnPool(deflater.deflate(piece));
  } finally {
    give(deflater);
  }
}

function take(level: number): PieceDeflater {
  return idle.get(level)?.pop() ?? new PieceDeflater(level);
}

function give(deflater: PieceDeflater): void {
  const others = idle.get(deflater.level) ?? [];
  idle.set(deflater.level, [...others, deflater]);
}

class PieceDeflater {
  readonly level: number;
  readonly #compressor: bigint;
  readonly #finder = new LastBlockFinder(MAX_PIECE_BYTES);

  constructor(level: number) {
    const compressor = libdeflate()?.allocCompressor(level) ?? null;
    if (compressor === null) throw new TreeportError('ERR_INTERNAL', 'libdeflate has no memory');
    this.level = level;
    this.#compressor = compressor;
  }

  *deflate({ bytes, last, output }: DeflateRequest): Steps<number> {
    const library = libdeflate();
    if (library === undefined) throw new TreeportError('ERR_INTERNAL', 'libdeflate is not installed');
    const values = [this.#compressor, bytes, bytes.length, output, output.length];
    const length = yield { call: library.compress, values };
    if (length === 0) throw new TreeportError('ERR_INTERNAL', 'libdeflate needs more room than expected');
    const { start, end } = yield* this.#finder.find(bytes, output.subarray(0, length));
    return last ? length : continued(output, start, end);
  }
}

/** Makes the last block one that others follow; returns the length of the piece. */
function continued(output: Uint8Array, start: number, end: number): number {
  const header = start >> 3;
  output[header] = (output[header] as number) & ~(1 << (start & 7));
  // libdeflate leaves the rest of the last byte 0, as the header of the empty block is.
  const boundary = Math.ceil((end + BITS_OF_HEADER) / 8);
  output.fill(0, Math.ceil(end / 8), boundary);
  output.set(EMPTY, boundary);
  return boundary + EMPTY.length;
}
