import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { SharedStream, skipBytes } from '../../../src/server/content/shared-stream.ts';

const PIECES = Array.from({ length: 40 }, (_, index) => Buffer.alloc(1000, index));
const ALL = Buffer.concat(PIECES);

/** A source that counts how often it was opened, drawn on and closed. */
class Source {
  opened = 0;
  drawn = 0;
  closed = 0;
  readonly failAt: number;

  constructor(failAt = Number.POSITIVE_INFINITY) {
    this.failAt = failAt;
  }

  readonly open = async function* (this: Source): AsyncGenerator<Buffer> {
    this.opened += 1;
    try {
      for (const [index, piece] of PIECES.entries()) {
        await new Promise((resolve) => setImmediate(resolve));
        if (index === this.failAt) throw new Error('the source has failed');
        this.drawn += 1;
        yield piece;
      }
    } finally {
      this.closed += 1;
    }
  }.bind(this);
}

function joined(shared: SharedStream): Readable {
  const stream = shared.join();
  assert.ok(stream !== undefined);
  return stream;
}

test('readers who come together share one source', async () => {
  const source = new Source();
  let closings = 0;
  const shared = new SharedStream(source.open, 1 << 20, () => closings++);
  const streams = [joined(shared), joined(shared), joined(shared)];
  for (const bytes of await Promise.all(streams.map(collect))) assert.deepEqual(bytes, ALL);
  assert.deepEqual([source.opened, source.drawn, closings], [1, PIECES.length, 1]);
  assert.equal(shared.join(), undefined, 'nobody can join what is over');
});

test('a reader who falls behind the window goes on alone; who comes too late cannot join', async () => {
  const source = new Source();
  let closings = 0;
  const shared = new SharedStream(source.open, 2000, () => closings++);
  const slow = joined(shared);
  const fast = joined(shared);
  const first = await once(slow, 'readable').then(() => slow.read(500) as Buffer);
  assert.deepEqual(await collect(fast), ALL);
  assert.equal(shared.join(), undefined);
  assert.equal(closings, 1);
  assert.deepEqual(Buffer.concat([first, await collect(slow)]), ALL);
  assert.equal(source.opened, 2);
  assert.equal(source.closed, 2);
});

test('whoever leaves leaves the others alone, and the last one closes the source', async () => {
  const source = new Source();
  const shared = new SharedStream(source.open, 1 << 20, () => {});
  const leaving = joined(shared);
  const staying = joined(shared);
  await once(leaving, 'readable');
  leaving.destroy();
  await once(leaving, 'close');
  assert.deepEqual(await collect(staying), ALL);

  const alone = joined(new SharedStream(source.open, 1 << 20, () => {}));
  await once(alone, 'readable');
  alone.destroy();
  await once(alone, 'close');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(source.closed, source.opened);
});

test('a reader who never begins leaves too', async () => {
  let closings = 0;
  const stream = joined(new SharedStream(new Source().open, 1 << 20, () => closings++));
  stream.destroy();
  await once(stream, 'close');
  assert.equal(closings, 1);
});

test('a failure reaches every reader, and never looks like the end', async () => {
  const shared = new SharedStream(new Source(5).open, 1 << 20, () => {});
  const [first, second] = [joined(shared), joined(shared)];
  await assert.rejects(collect(first), /the source has failed/);
  await assert.rejects(collect(second), /the source has failed/);
  assert.equal(shared.join(), undefined);
});

test('skipBytes cuts inside a piece', async () => {
  const source = new Source();
  for (const count of [0, 1, 999, 1000, 1001, 39_999, 40_000, 50_000]) {
    assert.deepEqual(await collect(skipBytes(source.open(), count)), ALL.subarray(count));
  }
});
