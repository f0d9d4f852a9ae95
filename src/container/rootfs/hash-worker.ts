/** Entry point of the worker threads that compute the checksums of files of a root filesystem. */
import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { answerCalls } from '../../base/answer-calls.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { finishChecksum } from '../../ostree/checksum.ts';
import { attempt, changed, checkUnchanged, type FilePlace, openPlace } from './file-place.ts';

export type HashTask = readonly {
  readonly place: FilePlace;
  readonly size: number;
  /** What is hashed before the bytes of the file. */
  readonly header: Uint8Array;
}[];

const PIECE_BYTES = 256 * 1024;
const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);

answerCalls((task: HashTask): readonly Checksum[] =>
  task.map(({ place, size, header }) => hashFile(place, size, header)),
);

function hashFile(place: FilePlace, size: number, header: Uint8Array): Checksum {
  const digest = createHash('sha256').update(header);
  const fd = openPlace(place);
  try {
    for (let done = 0; done < size; ) {
      const wanted = Math.min(PIECE_BYTES, size - done);
      const length = attempt(place, () => readSync(fd, piece, 0, wanted, place.start + done));
      if (length === 0) throw changed(place, `it ends at byte ${done} of ${size}`);
      digest.update(piece.subarray(0, length));
      done += length;
    }
    checkUnchanged(place, fd);
    return finishChecksum(digest);
  } finally {
    closeSync(fd);
  }
}
