/**
 * Decompresses gzip into memory that is used again, a few blocks ahead of the consumer: the calling thread
 * hashes and parses a block while libuv's pool fills the next ones.
 */
import { freeNow } from '../../base/bytes.ts';
import { readAhead } from '../../base/read-ahead.ts';
import type { Gunzip } from '../../native/zlib/gunzip.ts';
import type { FrameCount } from './frame-count.ts';
import type { PushbackInput } from './pushback-input.ts';

/** Larger blocks leave the processor's cache before they are hashed. */
const BLOCK_BYTES = 512 * 1024;
const AHEAD = 2;
const NOTHING = Buffer.alloc(0);

/** A piece lasts until the next is requested. Frees the pieces of `input`, and the gunzip. */
export async function* gunzipAhead(
  input: PushbackInput,
  gunzip: Gunzip,
  frames: FrameCount,
): AsyncGenerator<Buffer> {
  // Those ahead, one that is being filled, and one that the consumer has.
  const blocks = Array.from({ length: AHEAD + 2 }, () => Buffer.allocUnsafeSlow(BLOCK_BYTES));
  const free = [...blocks];
  try {
    for await (const { block, length } of readAhead(
      filled(new Members(input, gunzip, frames), free),
      AHEAD,
    )) {
      yield block.subarray(0, length);
      free.push(block);
    }
  } finally {
    // Nothing is filled any more, because readAhead has closed its source.
    gunzip[Symbol.dispose]();
    for (const block of blocks) freeNow(block);
  }
}

type Block = Buffer<ArrayBuffer>;
type Filled = { readonly block: Block; readonly length: number };

async function* filled(members: Members, free: Block[]): AsyncGenerator<Filled> {
  for (let isEnd = false; !isEnd; ) {
    const block = free.pop() as Block;
    const length = await members.fill(block);
    isEnd = length < block.length;
    if (length > 0) yield { block, length };
  }
}

/** The decompressed bytes of all members. */
class Members {
  readonly #input: PushbackInput;
  readonly #gunzip: Gunzip;
  readonly #frames: FrameCount;
  /** What is being consumed; undefined before the start and at the end. */
  #piece: Buffer | undefined;
  #isWithin = false;

  constructor(input: PushbackInput, gunzip: Gunzip, frames: FrameCount) {
    this.#input = input;
    this.#gunzip = gunzip;
    this.#frames = frames;
  }

  /** The number of bytes filled: all but at the end. */
  async fill(block: Buffer): Promise<number> {
    const at = { length: 0 };
    while (at.length < block.length && (await this.#hasMore())) {
      const { produced, isEnd } = await this.#gunzip.step(block.subarray(at.length));
      at.length += produced;
      this.#frames.add(produced);
      if (isEnd) this.#isWithin = false;
    }
    return at.length;
  }

  /** Within a member true at the end of the input, too: zlib may have bytes left, and else says so. */
  async #hasMore(): Promise<boolean> {
    if (this.#gunzip.inputLeft === 0) await this.#feed();
    if (this.#isWithin) return true;
    if (this.#piece === undefined) return false;
    this.#frames.begin();
    this.#gunzip.nextMember();
    this.#isWithin = true;
    return true;
  }

  async #feed(): Promise<void> {
    if (this.#piece !== undefined) freeNow(this.#piece);
    this.#piece = await this.#input.next();
    this.#gunzip.feed(this.#piece ?? NOTHING);
  }
}
