import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { PIECE_BYTES, pieceStream } from '../../../src/server/http/piece-stream.ts';

/** Counts what was asked for, and whether it was ended. */
class Source {
  asked = 0;
  isEnded = false;

  async *pieces(count: number, failAt?: number): AsyncGenerator<Buffer> {
    try {
      for (let index = 0; index < count; index++) {
        this.asked += 1;
        if (index === failAt) throw new Error('the source has failed');
        yield Buffer.alloc(PIECE_BYTES, index);
      }
    } finally {
      this.isEnded = true;
    }
  }
}

test('the pieces, in order', async () => {
  const source = new Source();
  const all = await collect(pieceStream(source.pieces(5)));
  assert.deepEqual(all, Buffer.concat([0, 1, 2, 3, 4].map((byte) => Buffer.alloc(PIECE_BYTES, byte))));
});

test('nothing is read ahead: a receiver that takes nothing more has cost one piece', async () => {
  const source = new Source();
  const taken: (() => void)[] = [];
  const network = new Writable({
    highWaterMark: PIECE_BYTES,
    write: (_piece, _encoding, done) => {
      taken.push(done);
    },
  });
  const stream = pieceStream(source.pieces(10));
  stream.pipe(network);
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  assert.equal(source.asked, 1);
  assert.equal(stream.readableLength, 0);
  taken.shift()?.();
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  assert.equal(source.asked, 2);
  stream.destroy();
  for (let turn = 0; turn < 100 && !source.isEnded; turn++) await new Promise(setImmediate);
  assert.ok(source.isEnded, 'a stream that is closed ends its source');
});

test('a fault of the source is the error of the stream', async () => {
  const source = new Source();
  await assert.rejects(collect(pieceStream(source.pieces(5, 2))), /the source has failed/);
  assert.equal(source.asked, 3);
});
