import assert from 'node:assert/strict';
import test from 'node:test';
import { Pieces, TAR_PIECE_BYTES } from '../../src/tar/pieces.ts';

test('small buffers are gathered into pieces of one size, the last excepted', () => {
  const input = Array.from({ length: 800 }, (_, index) => Buffer.alloc((index * 37) % 9001, index));
  const pieces = new Pieces();
  const output: Buffer[] = [];
  for (const bytes of input) {
    pieces.write(bytes);
    output.push(...pieces.takeFull());
  }
  assert.ok(output.length > 3 && output.every((piece) => piece.length === TAR_PIECE_BYTES));
  output.push(...pieces.takeRest());
  assert.ok(Buffer.concat(output).equals(Buffer.concat(input)));
});

test('a large buffer is a piece itself, in its place between the others', () => {
  const large = Buffer.alloc(TAR_PIECE_BYTES, 'z');
  const pieces = new Pieces();
  pieces.writeAll([
    Buffer.from('before'),
    large,
    Buffer.from('behind'),
    Buffer.alloc(TAR_PIECE_BYTES - 12, 'x'),
    Buffer.from('end'),
  ]);
  const output = pieces.takeRest();
  assert.ok(output.includes(large));
  assert.deepEqual(
    output.map((piece) => piece.length),
    [6, TAR_PIECE_BYTES, 6, TAR_PIECE_BYTES - 12, 3],
  );
  assert.equal(output[0]?.toString(), 'before');
  assert.equal(output.at(-1)?.toString(), 'end');
});

test('nothing written is no piece', () => {
  assert.deepEqual(new Pieces().takeRest(), []);
});
