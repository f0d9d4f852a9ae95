/**
 * Decompresses gzip members that consist of pieces, each of which refers to nothing before it and ends on a
 * byte boundary: the layers that libdeflate makes here (src/native/deflate/deflate.ts). libdeflate inflates
 * them in half of zlib's time.
 *
 * Nothing says where such a piece ends but the bytes of the empty block there, which may occur elsewhere,
 * too. So a piece is tried, with a last block behind it. The rest of a member goes to zlib where that fails;
 * so do all members from the first on whose header has more than the fixed fields.
 */
import { freeNow } from '../../base/bytes.ts';
import { LAST_BLOCK, PIECE_END, type PieceInflater } from '../../native/deflate/inflate-piece.ts';
import { CUT_OFF, Gunzip } from '../../native/zlib/gunzip.ts';
import type { FrameCount } from './frame-count.ts';
import { GatheredInput } from './gathered-input.ts';
import type { MemberSource } from './gzip-members.ts';
import type { PushbackInput } from './pushback-input.ts';

const HEADER_BYTES = 10;
/** Magic, deflate, no flags. */
const PLAIN_HEADER = Buffer.from('1f8b0800', 'hex');
const TRAILER_BYTES = 8;
/** What a piece may refer back to. */
const WINDOW_BYTES = 32 * 1024;
/** A call for each smaller piece would take longer than zlib. */
const LEAST_PIECE = 64 * 1024;
/** How many ends are tried for one piece. */
const TRIES = 3;
const NOTHING = Buffer.alloc(0);

export type PieceMembersOptions = {
  readonly inflater: PieceInflater;
  /** For members with other headers. */
  readonly zlib: MemberSource;
  readonly frames: FrameCount;
};

type Step = { readonly produced: number; readonly isEnd: boolean };

export class PieceMembers implements MemberSource {
  readonly #input: PushbackInput;
  readonly #inflater: PieceInflater;
  readonly #zlib: MemberSource;
  readonly #frames: FrameCount;
  readonly #gathered: GatheredInput;
  readonly #window = Buffer.alloc(WINDOW_BYTES);
  #state: 'between' | 'pieces' | 'resumed' | 'others' = 'between';
  #resumed: Gunzip | undefined;
  /** What zlib reads. */
  #piece: Buffer = NOTHING;
  #crc = 0;
  #size = 0;

  /** Owns the inflater and the zlib. */
  constructor(input: PushbackInput, { inflater, zlib, frames }: PieceMembersOptions) {
    this.#input = input;
    this.#inflater = inflater;
    this.#zlib = zlib;
    this.#frames = frames;
    this.#gathered = new GatheredInput(input);
  }

  async fill(block: Buffer): Promise<number> {
    for (;;) {
      if (this.#state === 'between' && !(await this.#begin())) return 0;
      if (this.#state === 'others') return this.#zlib.fill(block);
      const { produced, isEnd } = await (this.#state === 'pieces' ? this.#inflate(block) : this.#step(block));
      this.#note(block.subarray(0, produced));
      if (isEnd) await this.#end();
      if (produced > 0) return produced;
    }
  }

  [Symbol.dispose](): void {
    this.#inflater[Symbol.dispose]();
    this.#zlib[Symbol.dispose]();
    this.#resumed?.[Symbol.dispose]();
    this.#gathered[Symbol.dispose]();
  }

  /** False at the end of the input. */
  async #begin(): Promise<boolean> {
    const header = await this.#input.peek(HEADER_BYTES);
    if (header.length === 0) return false;
    const isPlain =
      header.length === HEADER_BYTES && header.subarray(0, PLAIN_HEADER.length).equals(PLAIN_HEADER);
    this.#state = isPlain ? 'pieces' : 'others';
    if (!isPlain) return true;
    await this.#input.skip(HEADER_BYTES);
    this.#frames.begin();
    this.#crc = 0;
    this.#size = 0;
    return true;
  }

  /** Inflates the next piece. */
  async #inflate(block: Buffer): Promise<Step> {
    const gathered = this.#gathered;
    for (let tries = 0, end = 0; tries < TRIES && end !== -1; tries += 1) {
      end = await gathered.find(PIECE_END, end);
      const input = end === -1 ? gathered.bytes : gathered.followedBy(LAST_BLOCK, end);
      const piece = await this.#inflater.inflate(input, block);
      if (end !== -1) gathered.restore();
      if (piece === undefined) continue;
      const { consumed, produced } = piece;
      const isEnd = end === -1 || consumed <= end;
      gathered.drop(isEnd ? consumed : end);
      if (isEnd) gathered.giveBack();
      else if (produced < LEAST_PIECE) this.#leaveToZlib(block.subarray(0, produced));
      return { produced, isEnd };
    }
    this.#leaveToZlib(NOTHING);
    return { produced: 0, isEnd: false };
  }

  /** The rest of the member, which follows the window and `bytes`. */
  #leaveToZlib(bytes: Buffer): void {
    const size = Math.min(WINDOW_BYTES, this.#size + bytes.length);
    this.#keep(bytes);
    this.#resumed = Gunzip.resume(this.#window.subarray(WINDOW_BYTES - size));
    this.#piece = this.#gathered.take();
    this.#resumed?.feed(this.#piece);
    this.#state = 'resumed';
  }

  async #step(block: Buffer): Promise<Step> {
    const gunzip = this.#resumed as Gunzip;
    if (gunzip.inputLeft === 0) {
      freeNow(this.#piece);
      this.#piece = (await this.#input.next()) ?? NOTHING;
      gunzip.feed(this.#piece);
    }
    const step = await gunzip.step(block);
    if (step.isEnd) {
      this.#input.unread(this.#piece.subarray(this.#piece.length - gunzip.inputLeft));
      this.#piece = NOTHING;
      gunzip[Symbol.dispose]();
      this.#resumed = undefined;
    }
    return step;
  }

  #note(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#crc = this.#inflater.crc32(this.#crc, bytes);
    this.#size += bytes.length;
    this.#frames.add(bytes.length);
    if (this.#state === 'pieces') this.#keep(bytes);
  }

  /** The window ends with these bytes. */
  #keep(bytes: Buffer): void {
    const last = bytes.subarray(-WINDOW_BYTES);
    if (last.length === 0) return;
    this.#window.copyWithin(0, last.length);
    last.copy(this.#window, WINDOW_BYTES - last.length);
  }

  /** Verifies the trailer. */
  async #end(): Promise<void> {
    const trailer = await this.#input.peek(TRAILER_BYTES);
    if (trailer.length < TRAILER_BYTES) throw new Error(CUT_OFF);
    // As zlib says it.
    if (trailer.readUInt32LE(0) !== this.#crc) throw new Error('incorrect data check');
    if (trailer.readUInt32LE(4) !== this.#size % 2 ** 32) throw new Error('incorrect length check');
    await this.#input.skip(TRAILER_BYTES);
    this.#state = 'between';
  }
}
