/** Entry point of the worker threads that compute the checksums of files of a root filesystem. */
import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { answerCalls } from '../../base/answer-calls.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { finishChecksum } from '../../ostree/checksum.ts';
import { attempt, changed, checkUnchanged, type FilePlace, openPlace } from './file-place.ts';

export type HashTask = readonly {
  readonly place: FilePlace;
  /** What is hashed before the bytes of the file. */
  readonly header: Uint8Array;
}[];

const PIECE_BYTES = 256 * 1024;
const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);

answerCalls((task: HashTask): readonly Checksum[] =>
  task.map(({ place, header }) => hashFile(place, header)),
);

function hashFile(place: FilePlace, header: Uint8Array): Checksum {
  const digest = createHash('sha256').update(header);
  const fd = openPlace(place);
  try {
    const { size } = place.stamp;
    let position = 0;
    for (;;) {
      const length = attempt(place, () => readSync(fd, piece, 0, PIECE_BYTES, position));
      if (length === 0) break;
      digest.update(piece.subarray(0, length));
      position += length;
      if (position > size) throw changed(place, 'it grew');
    }
    if (position < size) throw changed(place, `it ends at byte ${position} of ${size}`);
    checkUnchanged(place, fd);
    return finishChecksum(digest);
  } finally {
    closeSync(fd);
  }
}
