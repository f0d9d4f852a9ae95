/**
 * Decompresses one gzip member after another into memory of the caller. The work is done on libuv's pool, so
 * that the calling thread goes on. zlib verifies the checksum and the length of each member.
 */
import { lazyKoffi } from '../lzma/koffi.ts';
import { FIELDS, nodeZlib, STATUS, Z_STREAM_BYTES, type Zlib } from './zlib.ts';

/** The largest window; with a gzip header and trailer, and without. */
const GZIP_WINDOW_BITS = 15 + 16;
const RAW_WINDOW_BITS = -15;

/** What zlib says of a member that is cut off, as node:zlib does. */
export const CUT_OFF = 'unexpected end of file';

export type GunzipStep = {
  /** Bytes of the output that were filled. */
  readonly produced: number;
  /** The member has ended. */
  readonly isEnd: boolean;
};

export class Gunzip implements Disposable {
  readonly #zlib: Zlib;
  readonly #stream = Buffer.alloc(Z_STREAM_BYTES);
  readonly #address: bigint;
  /** zlib reads these while it works. */
  #input: Uint8Array = Buffer.alloc(0);

  private constructor(zlib: Zlib, windowBits: number) {
    this.#zlib = zlib;
    this.#address = lazyKoffi().address(this.#stream);
    const status = zlib.init(this.#address, windowBits, '1', Z_STREAM_BYTES);
    if (status !== STATUS.ok) throw new Error(`zlib cannot start: ${status}`);
  }

  /** Undefined if this Node has no zlib to call. */
  static open(): Gunzip | undefined {
    const zlib = nodeZlib();
    return zlib === undefined ? undefined : new Gunzip(zlib, GZIP_WINDOW_BITS);
  }

  /**
   * The rest of a member from the start of a block: `window` is what comes before. It ends with the last
   * block; the caller verifies the trailer. Undefined as in {@link open}.
   */
  static resume(window: Uint8Array): Gunzip | undefined {
    const zlib = nodeZlib();
    if (zlib === undefined) return undefined;
    const gunzip = new Gunzip(zlib, RAW_WINDOW_BITS);
    zlib.setDictionary(gunzip.#address, window, window.length);
    return gunzip;
  }

  /** Bytes of the input that are not consumed. */
  get inputLeft(): number {
    return this.#stream.readUInt32LE(FIELDS.availableIn);
  }

  /** The next bytes, when all before are consumed. They must stay as they are until they are consumed. */
  feed(input: Uint8Array): void {
    this.#input = input;
    this.#point(FIELDS.nextIn, input);
  }

  /**
   * Decompresses until the input is consumed, `output` is full or the member ends. Throws zlib's message.
   * Only one call at a time; nothing may free the memory meanwhile.
   */
  async step(output: Uint8Array): Promise<GunzipStep> {
    this.#point(FIELDS.nextOut, output);
    const given = this.#input.length;
    const status = await this.#inflate();
    const produced = output.length - this.#stream.readUInt32LE(FIELDS.availableOut);
    if (status === STATUS.bufferError && given === 0) throw new Error(CUT_OFF);
    if (status !== STATUS.ok && status !== STATUS.streamEnd && status !== STATUS.bufferError)
      throw new Error(this.#message(status));
    return { produced, isEnd: status === STATUS.streamEnd };
  }

  /** Begins with the next member. */
  nextMember(): void {
    this.#zlib.reset(this.#address);
  }

  /** Frees zlib's memory; not while a step is under way. */
  [Symbol.dispose](): void {
    this.#zlib.end(this.#address);
  }

  #inflate(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#zlib.inflate.async(this.#address, 0, (error: Error | null, status: number) =>
      error === null ? resolve(status) : reject(error),
    );
    return promise;
  }

  #point(at: number, bytes: Uint8Array): void {
    this.#stream.writeBigUInt64LE(bytes.length === 0 ? 0n : lazyKoffi().address(bytes), at);
    this.#stream.writeUInt32LE(bytes.length, at + 8);
  }

  #message(status: number): string {
    if (this.#stream.readBigUInt64LE(FIELDS.message) === 0n) return `zlib fails with ${status}`;
    return lazyKoffi().decode(this.#address + BigInt(FIELDS.message), 'const char *');
  }
}
