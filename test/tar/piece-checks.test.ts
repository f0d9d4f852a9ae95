import assert from 'node:assert/strict';
import test from 'node:test';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { type CheckedPiece, PieceVerifier, pieceBytes } from '../../src/tar/piece-checks.ts';
import { PiecePool } from '../../src/tar/piece-memory.ts';
import { Pieces } from '../../src/tar/pieces.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';

const PIECE_BYTES = 100;

type Written = { readonly prefix: string; readonly text: string; readonly checksum?: Checksum };

/** Objects, with other bytes between them, in pieces of 100 bytes. */
function written(objects: readonly Written[]): readonly CheckedPiece[] {
  const pieces = new Pieces(new PiecePool(PIECE_BYTES));
  for (const { prefix, text, checksum = checksumOf(Buffer.from(prefix + text)) } of objects) {
    pieces.write(Buffer.from('-'.repeat(7)));
    pieces.beginObject(Buffer.from(prefix));
    pieces.write(Buffer.from(text));
    pieces.endObject(checksum);
  }
  return pieces.takeRest();
}

function verify(pieces: readonly CheckedPiece[]): void {
  const verifier = new PieceVerifier();
  for (const piece of pieces) verifier.verify(piece);
}

// Objects end before, at and behind the ends of pieces; some have no bytes, some several pieces.
const SIZES = [0, 1, 85, 7, 86, 93, 93, 94, 0, 0, 300, 193, 500, 2];
const OBJECTS: readonly Written[] = SIZES.map((size, index) => ({
  prefix: `header ${index}`,
  text: String(index % 10).repeat(size),
}));

test('objects are verified, however pieces divide them', () => {
  for (let skip = 0; skip < OBJECTS.length; skip++) verify(written(OBJECTS.slice(skip)));
});

test('a changed byte of any object is found, when its last piece is verified', () => {
  for (const [index, object] of OBJECTS.entries()) {
    const checksum = repeatedChecksum('e');
    const pieces = written(OBJECTS.with(index, { ...object, checksum }));
    assert.throws(() => verify(pieces), coded('ERR_OBJECT_CORRUPT', `${checksum}.file`), `${index}`);
  }
  const pieces = written(OBJECTS);
  for (const { bytes } of pieces) {
    for (let at = 0; at < bytes.length; at++) {
      const before = bytes[at] as number;
      if (before === 0x2d) continue;
      bytes[at] = before + 1;
      assert.throws(() => verify(pieces), { code: 'ERR_OBJECT_CORRUPT' }, `byte ${at}`);
      bytes[at] = before;
    }
  }
});

test('a longer header than fits into a piece is checked', () => {
  const prefix = 'h'.repeat(100_000);
  verify(
    written([
      { prefix, text: 'x' },
      { prefix, text: '' },
    ]),
  );
  assert.equal(pieceBytes(written([{ prefix, text: 'x' }])).length, 1);
  const wrong = written([{ prefix, text: 'x', checksum: checksumOf(Buffer.from('x')) }]);
  assert.throws(() => verify(wrong), { code: 'ERR_OBJECT_CORRUPT' });
});
