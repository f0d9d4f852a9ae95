import assert from 'node:assert/strict';
import test from 'node:test';
import { pieceBytes } from '../../src/tar/piece-checks.ts';
import { PiecePool, TAR_PIECE_BYTES } from '../../src/tar/piece-memory.ts';
import { Pieces } from '../../src/tar/pieces.ts';

test('small buffers are gathered into pieces of one size, the last excepted', () => {
  const input = Array.from({ length: 800 }, (_, index) => Buffer.alloc((index * 37) % 9001, index));
  const pieces = new Pieces();
  const output: Buffer[] = [];
  for (const bytes of input) {
    pieces.write(bytes);
    output.push(...pieceBytes(pieces.takeFull()));
  }
  assert.ok(output.length > 3 && output.every((piece) => piece.length === TAR_PIECE_BYTES));
  output.push(...pieceBytes(pieces.takeRest()));
  assert.ok(Buffer.concat(output).equals(Buffer.concat(input)));
  assert.equal(pieces.written, Buffer.concat(input).length);
});

test('a large buffer fills several pieces', () => {
  const large = Buffer.from(Array.from({ length: 2 * TAR_PIECE_BYTES }, (_, index) => index % 251));
  const pieces = new Pieces();
  for (const bytes of [Buffer.from('before'), large, Buffer.from('behind')]) pieces.write(bytes);
  const output = pieceBytes(pieces.takeRest());
  assert.deepEqual(
    output.map((piece) => piece.length),
    [TAR_PIECE_BYTES, TAR_PIECE_BYTES, 12],
  );
  assert.ok(
    Buffer.concat(output).equals(Buffer.concat([Buffer.from('before'), large, Buffer.from('behind')])),
  );
});

test('bytes that are put into the room of a piece are part of it', () => {
  const pieces = new Pieces(new PiecePool(10));
  for (const [text, room] of [
    ['123456', 10],
    ['7890', 4],
    ['x', 10],
  ] as const) {
    assert.equal(pieces.room().length, room);
    pieces.room().write(text);
    pieces.advance(text.length);
  }
  assert.deepEqual(pieceBytes(pieces.takeRest()).map(String), ['1234567890', 'x']);
});

test('memory that is given back is used again', () => {
  const pool = new PiecePool(10);
  const first = pool.take();
  const second = pool.take();
  assert.notEqual(first.buffer, second.buffer);
  pool.give(first.subarray(0, 3));
  const third = pool.take();
  assert.equal(third.buffer, first.buffer);
  assert.equal(third.length, 10);
});

test('nothing written is no piece', () => {
  assert.deepEqual(new Pieces().takeRest(), []);
});
