import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import test from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { collect } from '../../../src/base/bytes.ts';
import { GrowingPart } from '../../../src/server/content/growing-part.ts';
import type { PieceStream } from '../../../src/server/http/piece-stream.ts';
import type { ByteRange } from '../../../src/server/http/ranges.ts';

const PIECES = Array.from({ length: 4 }, (_, index) => Buffer.alloc(100_000, index + 1));
const ALL = Buffer.concat(PIECES);
const WHOLE = { from: 0, to: ALL.length };

const pieces = () => PIECES.map((piece) => Buffer.from(piece));

async function never(): Promise<never> {
  throw new Error('reopened');
}

/** Resolves with the next bytes of a stream that has some; undefined at its end. */
async function nextOf(stream: Readable): Promise<Buffer | undefined> {
  const iterator = stream.iterator({ destroyOnReturn: false });
  const { value } = await iterator.next();
  return value;
}

test('readers get what is there, wait for the rest, and may join at any time', async () => {
  const part = new GrowingPart(ALL.length, never);
  const early = part.stream(WHOLE);
  const first = nextOf(early);
  const [one, ...others] = pieces() as [Buffer, ...Buffer[]];
  part.add(one);
  await part.started();
  assert.ok((await first)?.every((byte) => byte === 1));
  early.destroy();
  const middle = collect(part.stream(WHOLE));
  for (const piece of others) part.add(piece);
  part.complete();
  await part.finished();
  const late = collect(part.stream({ from: 99_999, to: 250_001 }));
  assert.ok((await middle).equals(ALL));
  assert.ok((await late).equals(ALL.subarray(99_999, 250_001)));
});

test('a range that ends before the part waits until the part is complete', async () => {
  const part = new GrowingPart(ALL.length, never);
  const [one, ...others] = pieces() as [Buffer, ...Buffer[]];
  part.add(one);
  const state = { isDone: false };
  const range = collect(part.stream({ from: 0, to: 10 })).finally(() => {
    state.isDone = true;
  });
  await nextTurn();
  assert.equal(state.isDone, false);
  for (const piece of others) part.add(piece);
  part.complete();
  assert.equal((await range).length, 10);
});

test('a failure before the first piece is told beforehand, a later one breaks the streams', async () => {
  const early = new GrowingPart(ALL.length, never);
  const started = early.started();
  early.fail(new Error('nothing'));
  await assert.rejects(started, /nothing/);
  const late = new GrowingPart(ALL.length, never);
  late.add(pieces()[0] as Buffer);
  await late.started();
  const reader = collect(late.stream(WHOLE));
  late.fail(new Error('wrong checksum'));
  await assert.rejects(reader, /wrong checksum/);
  await assert.rejects(late.finished(), /wrong checksum/);
});

test('pieces are freed when the part is released, and no connection has them', async () => {
  for (const isOver of [true, false]) {
    const part = new GrowingPart(ALL.length, async () => (async function* () {})());
    const own = PIECES.map((piece) => Buffer.from(new Uint8Array(piece).buffer));
    for (const piece of own) part.add(piece);
    part.complete();
    const stream = part.stream(WHOLE) as PieceStream;
    stream.reusesMemory = true;
    if (isOver) await collect(stream);
    else {
      await nextOf(stream);
      stream.destroy();
      await nextTurn();
    }
    part.release();
    assert.deepEqual(
      own.map(({ length }) => length === 0),
      own.map(() => isOver),
    );
  }
});

test('readers of a part that is released go on elsewhere', async () => {
  const reopened: ByteRange[] = [];
  const part = new GrowingPart(ALL.length, async (range) => {
    reopened.push(range);
    return (async function* () {
      yield ALL.subarray(range.from, range.to);
    })();
  });
  for (const piece of pieces()) part.add(piece);
  part.complete();
  const stream = part.stream(WHOLE);
  const begun = (await nextOf(stream)) as Buffer;
  part.release();
  const rest = await collect(stream);
  assert.ok(Buffer.concat([begun, rest]).equals(ALL));
  assert.deepEqual(
    reopened.map(({ to }) => to),
    [ALL.length],
  );
  assert.equal(part.pieces.length, 0);
});
