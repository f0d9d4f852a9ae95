/** The next bytes of a stream, gathered in one piece of memory. */
import { freeNow } from '../../base/bytes.ts';
import type { PushbackInput } from './pushback-input.ts';

/** More than a piece of incompressible bytes takes, and a piece of the input. */
const GATHERED_BYTES = 1024 * 1024;
/** For what follows the bytes for a while. */
const LEAST_ROOM = 16;

export class GatheredInput implements Disposable {
  readonly #input: PushbackInput;
  readonly #memory = Buffer.allocUnsafeSlow(GATHERED_BYTES);
  #length = 0;
  #kept: { readonly at: number; readonly bytes: Buffer } | undefined;

  constructor(input: PushbackInput) {
    this.#input = input;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Where the first `mark` at or behind `from` ends; -1 if there is none in what fits the memory. */
  async find(mark: Buffer, from: number): Promise<number> {
    for (let start = from; ; ) {
      const at = this.bytes.indexOf(mark, start);
      if (at !== -1) return at + mark.length;
      start = Math.max(from, this.#length - mark.length + 1);
      if (!(await this.#gather())) return -1;
    }
  }

  /** The bytes before `end` and others behind; {@link restore} must follow. */
  followedBy(others: Buffer, end: number): Buffer {
    this.#kept = { at: end, bytes: Buffer.from(this.#memory.subarray(end, end + others.length)) };
    others.copy(this.#memory, end);
    return this.#memory.subarray(0, end + others.length);
  }

  restore(): void {
    this.#kept?.bytes.copy(this.#memory, this.#kept.at);
    this.#kept = undefined;
  }

  /** Removes bytes from the start. */
  drop(count: number): void {
    this.#memory.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  /** Returns the bytes to the input. */
  giveBack(): void {
    this.#input.unread(Buffer.from(this.bytes));
    this.#length = 0;
  }

  /** Takes the bytes out. */
  take(): Buffer {
    const bytes = Buffer.from(this.bytes);
    this.#length = 0;
    return bytes;
  }

  [Symbol.dispose](): void {
    freeNow(this.#memory);
  }

  /** False if there are no more bytes, or no room. */
  async #gather(): Promise<boolean> {
    const room = GATHERED_BYTES - LEAST_ROOM - this.#length;
    if (room <= 0) return false;
    const piece = await this.#input.next();
    if (piece === undefined) return false;
    piece.copy(this.#memory, this.#length);
    this.#length += Math.min(room, piece.length);
    if (piece.length > room) this.#input.unread(Buffer.from(piece.subarray(room)));
    else freeNow(piece);
    return true;
  }
}
