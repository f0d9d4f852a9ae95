import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import test, { type TestContext } from 'node:test';
import { linkStream } from '../../../src/server/content/link-stream.ts';
import type { Link } from '../../../src/server/http/link-speed.ts';
import { SLOW, UNKNOWN } from '../links.ts';
import { bareFixture } from '../repos.ts';
import { idOf, text } from '../served.ts';

const MIB = 1024 * 1024;

/** Reads an object as a link does that takes a piece in this time; returns the bytes of each MiB of input. */
async function readAt(t: TestContext, link: Link, size: number, msPerPiece: (taken: number) => number) {
  const bare = bareFixture(t);
  const id = bare.file(text(size));
  const { objects } = await bare.open();
  const clock = { now: 0 };
  t.mock.method(performance, 'now', () => clock.now);
  const pieces: Buffer[] = [];
  const state = { taken: 0 };
  for await (const piece of linkStream(await objects.content(id), id, { link })) {
    pieces.push(piece);
    state.taken += piece.length;
    clock.now += msPerPiece(state.taken);
  }
  t.mock.restoreAll();
  const bytes = Buffer.concat(pieces);
  assert.equal(idOf(bytes), id);
  return bytes.length;
}

/** A link that is fast until it has shown that it is not. */
function fastLink() {
  const taken: (readonly [bytes: number, from: number, to: number])[] = [];
  return {
    taken,
    isSlow: false,
    isKnownSlow: false,
    get isFast() {
      return taken.every(([bytes, from, to]) => bytes / (to - from) > 40_000);
    },
    took: (...measured: (typeof taken)[number]) => void taken.push(measured),
  };
}

test('where the link takes pieces at once everything is stored', async (t) => {
  assert.ok((await readAt(t, fastLink(), 4 * MIB, () => 0)) > 4 * MIB);
});

test('when the link stalls the rest is compressed', async (t) => {
  const length = await readAt(t, fastLink(), 4 * MIB, (taken) => (taken < MIB ? 0 : 64));
  assert.ok(length > MIB && length < 3.2 * MIB, String(length));
});

test('from one wait to the next the link took what was written, and is measured by it', async (t) => {
  const link = fastLink();
  const waits = { next: MIB };
  await readAt(t, link, 4 * MIB, (taken) => {
    if (taken < waits.next) return 0;
    waits.next += MIB;
    return 64;
  });
  const [[bytes, from, to] = [0, 0, 0]] = link.taken;
  assert.equal(to - from, 64);
  assert.ok(Math.abs(bytes - MIB) < 0.1 * MIB, String(bytes));
});

test('a link that is not known to be fast gets large objects compressed', async (t) => {
  assert.ok((await readAt(t, UNKNOWN, 4 * MIB, (taken) => (taken < 2 * MIB ? 0 : 64))) < 3 * MIB);
});

test('a slow link gets everything compressed, although buffers take the beginning at once', async (t) => {
  const length = await readAt(t, SLOW, 8 * MIB, (taken) => (taken < 2 * MIB ? 0 : 64));
  assert.ok(length < 5 * MIB, String(length));
});

test('when far more than the buffers hold was taken at once the rest is stored', async (t) => {
  const length = await readAt(t, UNKNOWN, 24 * MIB, () => 0);
  assert.ok(length > 16 * MIB, String(length));
});

test('but not on a link that is known to be slow, which may take all that is compressed at once', async (t) => {
  const length = await readAt(t, SLOW, 24 * MIB, () => 0);
  assert.ok(length < 15 * MIB, String(length));
});

test('the rest is stored as soon as the link has shown elsewhere that it is fast', async (t) => {
  const link = { ...SLOW, isFast: false };
  const length = await readAt(t, link, 8 * MIB, (taken) => {
    link.isFast = taken > MIB;
    return 0;
  });
  assert.ok(length > 5 * MIB, String(length));
});

test('a consumer that is done with each piece gets the same bytes, from one buffer', async (t) => {
  const bare = bareFixture(t);
  const { objects } = await bare.open();
  for (const size of [1, 200_000, 128 * 1024, 4 * MIB + 12_345]) {
    const id = bare.file(text(size));
    const taken = async (options: { readonly link: Link; readonly reuses: boolean }) => {
      const { link, reuses } = options;
      const copies: Buffer[] = [];
      const memory = new Set<ArrayBufferLike>();
      const object = await objects.content(id);
      for await (const piece of linkStream(object, id, { link, reusesMemory: () => reuses })) {
        copies.push(Buffer.from(piece));
        if (piece.length > 5000) memory.add(piece.buffer);
      }
      return { bytes: Buffer.concat(copies), buffers: memory.size };
    };
    const fast = await taken({ link: fastLink(), reuses: true });
    assert.equal(idOf(fast.bytes), id);
    assert.ok(fast.buffers <= 1, String(fast.buffers));
    assert.equal(idOf((await taken({ link: SLOW, reuses: true })).bytes), id);
    assert.equal(idOf((await taken({ link: SLOW, reuses: false })).bytes), id);
  }
});
