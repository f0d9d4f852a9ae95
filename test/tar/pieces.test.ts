import assert from 'node:assert/strict';
import test from 'node:test';
import { PIECE_BYTES, Pieces } from '../../src/tar/pieces.ts';

test('pieces are of one size, the last excepted, and hold the bytes in order', () => {
  const input = Array.from({ length: 400 }, (_, index) => Buffer.alloc((index * 37) % 9001, index));
  input.push(Buffer.alloc(3 * PIECE_BYTES + 5, 'z'));
  const pieces = new Pieces();
  const output: Buffer[] = [];
  for (const bytes of input) {
    pieces.write(bytes);
    output.push(...pieces.takeFull());
  }
  assert.ok(output.length > 3 && output.every((piece) => piece.length === PIECE_BYTES));
  output.push(...pieces.takeRest());
  assert.ok(Buffer.concat(output).equals(Buffer.concat(input)));
});

test('nothing written is no piece', () => {
  assert.deepEqual(new Pieces().takeRest(), []);
});
