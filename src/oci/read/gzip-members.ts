/** Decompresses the members of a gzip stream with zlib. */
import { freeNow } from '../../base/bytes.ts';
import { Gunzip } from '../../native/zlib/gunzip.ts';
import type { FrameCount } from './frame-count.ts';
import type { PushbackInput } from './pushback-input.ts';

export type MemberSource = Disposable & {
  /** Fills a block from its start; returns the number of bytes, 0 only at the end. One call at a time. */
  fill(block: Buffer): Promise<number>;
};

const NOTHING = Buffer.alloc(0);

/** Undefined if this Node has no zlib to call. Frees the pieces of `input`. */
export function gzipMembers(input: PushbackInput, frames: FrameCount): MemberSource | undefined {
  const gunzip = Gunzip.open();
  return gunzip === undefined ? undefined : new Members(input, gunzip, frames);
}

class Members implements MemberSource {
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

  [Symbol.dispose](): void {
    this.#gunzip[Symbol.dispose]();
  }
}
