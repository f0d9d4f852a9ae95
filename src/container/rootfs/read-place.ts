/** Reads the bytes of a file of a root filesystem from where they are. */
import { closeSync, read as readCallback } from 'node:fs';
import { promisify } from 'node:util';
import { joinPath } from '../../base/beneath-root.ts';
import { changed, checkUnchanged, type FilePlace, openPlace, unreadable } from './file-place.ts';

const read = promisify(readCallback);

const PIECE_BYTES = 256 * 1024;

/**
 * The bytes from `from` to `to`, in pieces that the consumer may keep. ERR_ROOTFS_CHANGED, at the end at the
 * latest, if the file changed since it was found.
 */
export async function* piecesOf(place: FilePlace, from: number, to: number): AsyncGenerator<Buffer> {
  const fd = openPlace(place);
  try {
    for (let position = from; position < to; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, to - position));
      const { bytesRead } = await read(fd, piece, 0, piece.length, place.start + position).catch((error) => {
        throw unreadable(joinPath(place.root, place.path), error);
      });
      if (bytesRead === 0) throw changed(place, `it ends at byte ${position}`);
      yield piece.subarray(0, bytesRead);
      position += bytesRead;
    }
    checkUnchanged(place, fd);
  } finally {
    closeSync(fd);
  }
}
