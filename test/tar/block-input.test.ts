import assert from 'node:assert/strict';
import test from 'node:test';
import { BlockInput } from '../../src/tar/block-input.ts';
import { coded } from '../support/expect.ts';
import { inPassing, inPieces } from '../support/tar-streams.ts';

const BYTES = Buffer.from('abcdefghij');

test('bytes are taken across pieces, and at once where they are in one', async () => {
  const input = new BlockInput(inPieces(BYTES, 4));
  assert.equal(input.takeNow(1), undefined);
  assert.equal(String(await input.take(3)), 'abc');
  assert.equal(input.takeNow(2), undefined);
  assert.equal(String(input.takeNow(1)), 'd');
  assert.equal(String(await input.take(5)), 'efghi');
  assert.equal(String(await input.some(9)), 'j');
  assert.equal(await input.some(9), undefined);
});

test('pieces whose memory is used again are copied before the next one', async () => {
  for (const size of [1, 2, 3, 9]) {
    const input = new BlockInput(inPassing(BYTES, size));
    assert.equal(String(await input.take(9)), 'abcdefghi');
    assert.equal(input.position, 9);
    assert.equal(String(await input.some(9)), 'j');
    assert.equal(await input.some(9), undefined);
    assert.equal(input.takeNow(1), undefined);
    assert.equal(input.position, 10);
  }
});

test('bytes are passed over', async () => {
  const input = new BlockInput(inPieces(BYTES, 4));
  assert.equal(input.skipNow(1), false);
  await input.skip(5);
  assert.equal(input.skipNow(1), true);
  assert.equal(input.skipNow(3), false);
  assert.equal(String(await input.take(3)), 'ghi');
});

test('a stream that ends before is ERR_TAR', async () => {
  const cut = coded('ERR_TAR', 'cut off');
  await assert.rejects(new BlockInput(inPieces(BYTES, 4)).take(11), cut);
  await assert.rejects(new BlockInput(inPieces(BYTES, 4)).skip(11), cut);
});
