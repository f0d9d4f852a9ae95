/**
 * A large content object of an archive repository that is collected in its staged file: pieces of one raw
 * deflate stream behind the room for the header, which names the size and is written last.
 */
import { freeNow } from '../../base/bytes.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { archiveHeader, type HashedHeader } from '../../ostree/file-header.ts';
import { deflateOnPool, MAX_PIECE_BYTES } from '../deflate/deflate.ts';
import { deflateBound } from '../deflate/deflate-whole.ts';
import type { LargeStore } from './large-store.ts';
import { countOwn } from './stage-content.ts';
import type { StagedFile } from './staged-file.ts';
import { type StagingPlace, stagedPath, storedPath } from './staging.ts';

/** An empty block with fixed codes that is the last one. */
const END = Uint8Array.of(3, 0);
/** Pieces that are deflated; two processors have nothing left for more. */
const AT_ONCE = 2;
/** An empty stored block, which ends each piece. */
const PIECE_END_BYTES = 8;

export class LargeArchiveFile implements LargeStore {
  readonly path: string;
  readonly #place: StagingPlace;
  readonly #file: StagedFile;
  readonly #start: HashedHeader;
  readonly #outputs = Array.from({ length: AT_ONCE }, () =>
    Buffer.allocUnsafeSlow(deflateBound(MAX_PIECE_BYTES) + PIECE_END_BYTES),
  );
  #at: number;

  /** Owns the file. */
  constructor(place: StagingPlace, file: StagedFile, start: HashedHeader) {
    this.path = place.directory;
    this.#place = place;
    this.#file = file;
    this.#start = start;
    this.#at = archiveHeader(start.header, 0).length;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    const content = bytes.subarray(Math.max(0, this.#start.length - offset));
    for (let at = 0; at < content.length; at += AT_ONCE * MAX_PIECE_BYTES)
      await this.#writeDeflated(content.subarray(at, at + AT_ONCE * MAX_PIECE_BYTES));
    if (this.#place.syncs) this.#file.startWriteback();
  }

  finish(checksum: Checksum, length: number): void {
    const name = { type: 'file', checksum } as const;
    if (storedPath(this.#place, name) !== undefined) return;
    const size = length - this.#start.length;
    this.#file.write(END, this.#at);
    this.#file.write(archiveHeader(this.#start.header, size), 0);
    if (this.#file.finishArchive(stagedPath(this.#place, name))) countOwn(this.#place, size);
  }

  close(): void {
    for (const output of this.#outputs) freeNow(output);
    this.#file[Symbol.dispose]();
  }

  /** Of as many pieces as there are outputs. */
  async #writeDeflated(bytes: Uint8Array): Promise<void> {
    const work = this.#outputs.map((output, index) =>
      this.#deflated(bytes.subarray(index * MAX_PIECE_BYTES, (index + 1) * MAX_PIECE_BYTES), output),
    );
    // Nothing may be under way when the outputs are freed.
    await Promise.allSettled(work);
    for (const piece of await Promise.all(work)) {
      this.#file.write(piece, this.#at);
      this.#at += piece.length;
    }
  }

  async #deflated(bytes: Uint8Array, output: Buffer): Promise<Buffer> {
    if (bytes.length === 0) return output.subarray(0, 0);
    const { level } = this.#place;
    return output.subarray(0, await deflateOnPool({ bytes, last: false, level, output }));
  }
}
