/** Writes the entries of an ostree tar stream into {@link Pieces}. */

import type { Checksum } from '../ostree/checksum.ts';
import { type Dirmeta, PERMISSIONS } from '../ostree/dirmeta.ts';
import { type FileHeader, hashedHeader } from '../ostree/file-header.ts';
import type { OpenedContent } from '../ostree/object-source.ts';
import { END_OF_ARCHIVE, encodeEntry, padding } from './entry.ts';
import type { TarHeader } from './header.ts';
import type { LaterRead, LaterReads } from './later-reads.ts';
import { REPO_CONFIG, REPO_PATH, repoDirectories } from './layout.ts';
import type { CheckedPiece } from './piece-checks.ts';
import type { PieceMemory } from './piece-memory.ts';
import { Pieces } from './pieces.ts';

export type DirectoryOwner = Pick<Dirmeta, 'uid' | 'gid' | 'mode'>;

const ROOT = { uid: 0, gid: 0 };

export class TarWriter {
  readonly #pieces: Pieces;
  readonly #later: LaterReads | undefined;

  /** `later`: for a stream that a thread verifies. */
  constructor(memory?: PieceMemory, later?: LaterReads) {
    this.#pieces = new Pieces(memory);
    this.#later = later;
  }

  /** Where the next byte goes in the uncompressed stream: after a header, the offset of its data. */
  get offset(): number {
    return this.#pieces.written;
  }

  /** Writes a header, without its data; returns the header's block. `over`: see header.ts. */
  header(entry: TarHeader, over?: Buffer): Buffer {
    const { blocks, header } = encodeEntry(entry, over);
    for (const block of blocks) this.#pieces.write(block);
    return header;
  }

  /** A regular file of root's with mode 0644: metadata objects, attributes, the config. */
  file(path: string, bytes: Uint8Array): void {
    this.header({ ...ROOT, path, type: 'file', mode: 0o644, size: bytes.length, target: '' });
    this.data(bytes);
    this.pad(bytes.length);
  }

  directory(path: string, { uid, gid, mode }: DirectoryOwner): void {
    this.header({ path, type: 'directory', mode: mode & PERMISSIONS, uid, gid, size: 0, target: '' });
  }

  /** The empty repository that every layer starts with. */
  repository(): void {
    for (const path of repoDirectories()) this.directory(path, { ...ROOT, mode: 0o755 });
    this.file(`${REPO_PATH}/config`, Buffer.from(REPO_CONFIG));
  }

  data(bytes: Uint8Array): void {
    this.#pieces.write(bytes);
  }

  dataAll(buffers: readonly Uint8Array[]): void {
    for (const bytes of buffers) this.#pieces.write(bytes);
  }

  /** The data from here on is a content object's. */
  beginObject(header: FileHeader, later?: LaterRead): void {
    this.#pieces.beginObject(hashedHeader(header), later);
  }

  /** Takes over an open file that is read when its pieces are verified: {@link advance} makes room for it. */
  readLater(checksum: Checksum, opened: OpenedContent): LaterRead | undefined {
    return this.#later?.takeOver(checksum, opened);
  }

  /** Memory for data, at least one byte; {@link advance} writes what was put there. */
  room(): Buffer {
    return this.#pieces.room();
  }

  advance(bytes: number): void {
    this.#pieces.advance(bytes);
  }

  /** The object's data is complete. Its id is checked when the piece is. */
  endObject(checksum: Checksum): void {
    this.#pieces.endObject(checksum);
  }

  /** Pads data of `size` bytes to whole blocks. */
  pad(size: number): void {
    this.#pieces.write(padding(size));
  }

  /** The pieces that are ready to be yielded. */
  takeFull(): readonly CheckedPiece[] {
    return this.#pieces.takeFull();
  }

  /** All pieces, without an end of the archive. */
  takeAll(): readonly CheckedPiece[] {
    return this.#pieces.takeRest();
  }

  /** Ends the archive and returns the remaining pieces. */
  end(): readonly CheckedPiece[] {
    this.#pieces.write(END_OF_ARCHIVE);
    return this.#pieces.takeRest();
  }
}
