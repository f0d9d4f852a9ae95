/** Opens the image of an archive that lies in pieces, without joining them. */
import { type FileHandle, open } from 'node:fs/promises';
import type { ImageReference } from '../../oci/model/reference.ts';
import { layoutLocation } from '../../oci/model/reference.ts';
import { type ArchiveFile, archiveStoreOf } from '../../oci/read/blob-store.ts';
import { openInStore } from '../../oci/read/open-layout.ts';
import type { OpenedImage } from '../../oci/read/opened-image.ts';
import type { Piece } from './find-pieces.ts';
import { PIECE_HEADER_BYTES, pieceFault } from './piece-header.ts';

/** ERR_PIECE; the errors of the image. */
export async function openPieces(
  reference: ImageReference,
  pieces: readonly [Piece, ...Piece[]],
): Promise<OpenedImage> {
  const { path, tag } = layoutLocation(reference);
  const file = await JoinedFile.open(pieces);
  const store = await archiveStoreOf(path, file);
  const image = await openInStore(store, { reference, tag, platform: undefined });
  const [{ manifest, path: first }] = pieces;
  if (image.manifestDigest === manifest) return image;
  await image.close();
  throw pieceFault(first, `it says that it is of ${manifest}, but the archive has ${image.manifestDigest}`);
}

type Opened = { readonly piece: Piece; readonly handle: FileHandle };

class JoinedFile implements ArchiveFile {
  readonly #opened: readonly Opened[];

  private constructor(opened: readonly Opened[]) {
    this.#opened = opened;
  }

  static async open(pieces: readonly Piece[]): Promise<JoinedFile> {
    const opened: Opened[] = [];
    try {
      for (const piece of pieces) opened.push({ piece, handle: await open(piece.path, 'r') });
      return new JoinedFile(opened);
    } catch (error) {
      for (const { handle } of opened) await handle.close();
      throw error;
    }
  }

  async read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }> {
    let done = 0;
    while (done < length) {
      const at = position + done;
      const found = this.#opened.find(({ piece }) => at >= piece.offset && at < piece.offset + piece.length);
      if (found === undefined) break;
      const { piece, handle } = found;
      const size = Math.min(length - done, piece.offset + piece.length - at);
      const inFile = at - piece.offset + PIECE_HEADER_BYTES;
      const { bytesRead } = await handle.read(buffer, offset + done, size, inFile);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return { bytesRead: done };
  }

  async close(): Promise<void> {
    for (const { handle } of this.#opened) await handle.close();
  }
}
