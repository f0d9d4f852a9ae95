import assert from 'node:assert/strict';
import test from 'node:test';
import { checksumOf } from '../../src/ostree/checksum.ts';
import { LaterReads } from '../../src/tar/later-reads.ts';
import type { CheckedPiece } from '../../src/tar/piece-checks.ts';
import { PiecePool } from '../../src/tar/piece-memory.ts';
import { Pieces } from '../../src/tar/pieces.ts';
import { verifiedAhead, verifiedPieces } from '../../src/tar/verified-pieces.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';

const PIECE_BYTES = 1000;
const COUNT = 100;
const WRONG = repeatedChecksum('e');

type Watched = PiecePool & { readonly taken: Set<ArrayBufferLike> };

function watchedPool(): Watched {
  const pool = new PiecePool(PIECE_BYTES);
  const taken = new Set<ArrayBufferLike>();
  const take = () => {
    const piece = PiecePool.prototype.take.call(pool);
    taken.add(piece.buffer);
    return piece;
  };
  return Object.assign(pool, { take, taken });
}

/** Objects of 700 bytes, one of which may have a wrong id. */
async function* stream(memory: PiecePool, state: { closed: boolean }, wrong?: number) {
  const pieces = new Pieces(memory);
  try {
    for (let index = 0; index < COUNT; index++) {
      const bytes = Buffer.alloc(700, index);
      pieces.beginObject(Buffer.from('header'));
      pieces.write(bytes);
      const id = checksumOf(Buffer.concat([Buffer.from('header'), bytes]));
      pieces.endObject(index === wrong ? WRONG : id);
      yield* pieces.takeFull();
    }
    yield* pieces.takeRest();
  } finally {
    state.closed = true;
  }
}

type Verify = (
  pieces: AsyncIterable<CheckedPiece>,
  memory: PiecePool,
  later: LaterReads,
) => AsyncGenerator<Buffer>;
const ways: Readonly<Record<string, Verify>> = {
  'on this thread': verifiedPieces,
  'ahead on another': verifiedAhead,
};

for (const [way, verify] of Object.entries(ways)) {
  test(`objects are verified ${way}, in memory that is used again`, async () => {
    const memory = watchedPool();
    const state = { closed: false };
    const copies: Buffer[] = [];
    for await (const piece of verify(stream(memory, state), memory, new LaterReads()))
      copies.push(Buffer.from(piece));
    const expected = Array.from({ length: COUNT }, (_, index) => Buffer.alloc(700, index));
    assert.ok(Buffer.concat(copies).equals(Buffer.concat(expected)));
    assert.ok(memory.taken.size < 10, `${memory.taken.size}`);
    assert.ok(state.closed);
  });

  test(`the end of a corrupt object is not passed on, verified ${way}`, async () => {
    const memory = new PiecePool(PIECE_BYTES);
    const state = { closed: false };
    const passed = { bytes: 0 };
    const read = async () => {
      for await (const piece of verify(stream(memory, state, 50), memory, new LaterReads()))
        passed.bytes += piece.length;
    };
    await assert.rejects(read(), coded('ERR_OBJECT_CORRUPT', `${WRONG}.file`));
    assert.equal(passed.bytes, 35 * PIECE_BYTES);
    assert.ok(state.closed);
  });

  test(`a consumer that stops closes the stream, verified ${way}`, async () => {
    const memory = new PiecePool(PIECE_BYTES);
    const state = { closed: false };
    for await (const piece of verify(stream(memory, state), memory, new LaterReads())) {
      assert.equal(piece.length, PIECE_BYTES);
      break;
    }
    assert.ok(state.closed);
  });
}
