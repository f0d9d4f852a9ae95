/** Verifies a piece without the others. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readPieceHeader } from './find-pieces.ts';
import { PIECE_HEADER_BYTES, type PieceHeader, pieceFault } from './piece-header.ts';

/** ERR_PIECE. */
export async function verifyPiece(path: string): Promise<PieceHeader> {
  const header = await readPieceHeader(path);
  if (header === undefined) throw pieceFault(path, 'there is no such file');
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path, { start: PIECE_HEADER_BYTES, highWaterMark: 1024 * 1024 }))
    hash.update(bytes as Buffer);
  if (hash.digest('hex') !== header.sum) throw pieceFault(path, 'its bytes are damaged; copy it again');
  return header;
}
