import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { messageOf, TreeportError } from '../../../src/base/errors.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import type { ObjectSource, StoredObject } from '../../../src/ostree/object-source.ts';
import { encoderId } from '../../../src/ostree/verified-filez.ts';
import { NO_XATTRS } from '../../../src/ostree/xattrs.ts';
import { fixedLevels } from '../../../src/server/content/deflate-levels.ts';
import { DiskCache } from '../../../src/server/content/disk-cache.ts';
import { createEncoder, type EncoderOptions } from '../../../src/server/content/encoder.ts';
import { newCounters } from '../../../src/server/http/counters.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { settled } from '../../support/until.ts';
import { FAST, SLOW } from '../links.ts';
import { bareFixture, tempFolder } from '../repos.ts';
import { idOf, text } from '../served.ts';

const MIB = 1024 * 1024;
const LARGE = repeatedChecksum('c');

function options(objects: Pick<ObjectSource, 'content'>, level = 1, more: Partial<EncoderOptions> = {}) {
  const faults: string[] = [];
  const counters = newCounters();
  const encoder = createEncoder({
    objects: objects as ObjectSource,
    levels: fixedLevels(level),
    cache: undefined,
    counters,
    onStreamFault: (_checksum, error) => faults.push(messageOf(error)),
    signal: new AbortController().signal,
    ...more,
  });
  const encode = async (checksum: Checksum) => (await encoder(checksum, FAST)).content;
  return { encode, encoder, counters, faults };
}

function bytesOf(content: Buffer | Readable): Promise<Buffer> {
  return Buffer.isBuffer(content) ? Promise.resolve(content) : collect(content);
}

/** Not random, and of all kinds of entropy. */
function sample(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index++) bytes[index] = (index * index) >> (index % 13);
  return bytes;
}

async function cacheIn(t: TestContext): Promise<DiskCache> {
  const cache = await DiskCache.open({
    directory: tempFolder(t),
    maxBytes: 1 << 30,
    encoder: encoderId(1),
    repositories: [],
    onWriteFailure: (error) => assert.fail(messageOf(error)),
  });
  t.after(() => cache.close());
  await cache.counted;
  return cache;
}

test("the bytes of this revision: change the encoder's revision when these have to change", async (t) => {
  const bare = bareFixture(t);
  const ids = [0, 1, 4096, 4097, 70_000, MIB, MIB + 1, 3 * MIB].map((size) => bare.file(sample(size)));
  const { objects } = await bare.open();
  const digests: Record<number, string> = {};
  for (const level of [0, 1, 6]) {
    const { encode } = options(objects, level);
    const digest = createHash('sha256');
    for (const id of ids) digest.update(await bytesOf(await encode(id)));
    digests[level] = digest.digest('hex').slice(0, 16);
  }
  // Deflated bytes depend on zlib and the processor as well, which the encoder's id names.
  assert.match(encoderId(6), /^deflate6-r1-[\w.-]+$/);
  assert.equal(digests[0], KNOWN.digests[0]);
  if (encoderId(6) === KNOWN.id) assert.deepEqual(digests, KNOWN.digests);
});

const KNOWN = {
  id: 'deflate6-r1-1.3.2.1-motley-8002e91-x64',
  digests: { 0: '5fefa0664a738dc8', 1: '7e8fbbf57a7f91bf', 6: 'd307b586889d6022' },
};

test('every size and level gives the object back, always with the same bytes', async (t) => {
  const bare = bareFixture(t);
  const ids = [
    bare.file(''),
    bare.file(text(4096)),
    bare.file(text(200_000)),
    bare.file(text(2 * MIB)),
    bare.symlink('x'),
  ];
  const { objects } = await bare.open();
  for (const level of [0, 1, 6, 9]) {
    const { encode, counters, faults } = options(objects, level);
    for (const id of ids) {
      const bytes = await bytesOf(await encode(id));
      assert.equal(idOf(bytes), id);
      assert.deepEqual(await bytesOf(await encode(id)), bytes);
    }
    assert.equal(counters.encoded, 2 * ids.length);
    assert.deepEqual(faults, []);
  }
});

test('the bytes of a small object are freed when all of its requests are done with them', async (t) => {
  const bare = bareFixture(t);
  const id = bare.file(text(200_000));
  const { objects } = await bare.open();
  for (const level of [0, 6]) {
    const { encoder, counters } = options(objects, level);
    const requests = [encoder(id, FAST), encoder(id, FAST)];
    const [one, other] = await Promise.all(requests);
    const { content } = one as { readonly content: Buffer };
    assert.equal(other?.content, content);
    one?.release?.();
    await settled();
    assert.equal(counters.encoded, 1);
    assert.equal(idOf(content), id);
    other?.release?.();
    assert.equal(content.length, 0);
  }
});

test('a small object that is not what its id says is an error before anything is sent', async (t) => {
  const bare = bareFixture(t);
  const { content } = (await bare.open()).objects;
  const other = bare.file('other');
  const { encode } = options({ content: () => content(other) });
  await assert.rejects(encode(LARGE), coded('ERR_OBJECT_CORRUPT', LARGE));
  await assert.rejects(encode(LARGE), coded('ERR_OBJECT_CORRUPT', LARGE), 'and is tried afresh');
});

test("the source's own errors pass", async () => {
  const missing = new TreeportError('ERR_OBJECT_MISSING', `object ${LARGE}.file is missing`);
  const { encode } = options({ content: () => Promise.reject(missing) });
  await assert.rejects(encode(LARGE), coded('ERR_OBJECT_MISSING', LARGE));
});

test('a large object that is not what its id says never ends cleanly, and is told of', async (t) => {
  const bare = bareFixture(t);
  const { content } = (await bare.open()).objects;
  const other = bare.file(text(2 * MIB));
  const { encode, faults } = options({ content: () => content(other) });
  await assert.rejects(bytesOf(await encode(LARGE)), coded('ERR_OBJECT_CORRUPT', LARGE));
  assert.equal(faults.length, 1);
});

/** A large object that does not end by itself. */
function endless(): { readonly source: Pick<ObjectSource, 'content'>; readonly ended: Promise<void> } {
  const ended = Promise.withResolvers<void>();
  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        await new Promise(setImmediate);
        yield sample(1000);
      }
    } finally {
      ended.resolve();
    }
  }
  const header = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: NO_XATTRS };
  const object: StoredObject = { header, size: 1 << 29, stream, bytes: stream };
  return { source: { content: async () => object }, ended: ended.promise };
}

for (const level of [0, 1]) {
  test(`its signal ends the encoding of a large object that fills the cache, at level ${level}`, async (t) => {
    const cache = await cacheIn(t);
    const stopping = new AbortController();
    const { source, ended } = endless();
    const { encode, faults } = options(source, level, { cache, signal: stopping.signal });
    const content = (await encode(LARGE)) as Readable;
    await new Promise((resolve) => content.once('data', resolve));
    content.destroy();
    const files = () => readdirSync(join(cache.folder, 'objects', 'cc'));
    assert.equal(files().length, 1, 'it goes on when its reader has left');
    stopping.abort();
    await ended;
    while (files().length > 0) await new Promise(setImmediate);
    assert.deepEqual(faults, []);
  });

  test(`its signal ends the encoding of a large object that is being read, at level ${level}`, async () => {
    const stopping = new AbortController();
    const { source, ended } = endless();
    const { encode, faults } = options(source, level, { signal: stopping.signal });
    const content = (await encode(LARGE)) as Readable;
    let pieces = 0;
    await new Promise<void>((resolve) => {
      content.on('data', () => {
        pieces += 1;
        if (pieces === 3) resolve();
      });
    });
    const failed = new Promise<Error>((resolve) => content.once('error', resolve));
    stopping.abort();
    assert.equal((await failed).name, 'AbortError');
    await ended;
    assert.deepEqual(faults, []);
  });
}

test('when the server has ended, small objects that wait for their turn are not encoded any more', async (t) => {
  const bare = bareFixture(t);
  const id = bare.file(text(100_000));
  const { encode, counters } = options((await bare.open()).objects, 1, { signal: AbortSignal.abort() });
  await assert.rejects(encode(id), { name: 'AbortError' });
  assert.equal(counters.encoded, 0);
});

const BY_LINK = { fast: 0, slow: 'quick', canonical: 6 } as const;

test('small objects have the form of the link, and very small ones only one', async (t) => {
  const bare = bareFixture(t);
  const [empty, tiny, medium] = [bare.file(''), bare.file(text(4096)), bare.file(text(60_000))];
  const link = bare.symlink('x');
  const { objects } = await bare.open();
  const { encoder } = options(objects, 0, { levels: BY_LINK });
  const { encode: canonical } = options(objects, 6);
  for (const id of [empty, tiny, link]) {
    for (const speed of [FAST, SLOW]) {
      const { content, encoder: form } = await encoder(id, speed);
      assert.equal(form, encoderId(6));
      assert.deepEqual(content, await canonical(id));
    }
  }
  const fast = await encoder(medium, FAST);
  const slow = await encoder(medium, SLOW);
  assert.deepEqual([fast.encoder, slow.encoder], [encoderId(0), encoderId('quick')]);
  assert.deepEqual(fast.content, await options(objects, 0).encode(medium));
  assert.ok((slow.content as Buffer).length < 40_000);
  assert.equal(idOf(slow.content as Buffer), medium);
});

test('when the event loop has no time left, zlib compresses objects on the pool', async (t) => {
  const bare = bareFixture(t);
  const [medium, more] = [bare.file(text(64 * 1024)), bare.file(text(64 * 1024 + 1))];
  const { objects } = await bare.open();
  for (const isBusy of [false, true]) {
    const { encoder } = options(objects, 0, { levels: BY_LINK, isLoopBusy: () => isBusy });
    assert.equal((await encoder(medium, SLOW)).encoder, encoderId('quick'));
    const { content, encoder: form } = await encoder(more, SLOW);
    assert.equal(form, encoderId(isBusy ? 3 : 'quick'));
    assert.equal(idOf(content as Buffer), more);
  }
});

test('each client gets a large object as suits its link, at the same time', async (t) => {
  const bare = bareFixture(t);
  const id = bare.file(text(3 * MIB));
  const { encoder, counters } = options((await bare.open()).objects, 0, { levels: BY_LINK });
  const [fast, slow] = await Promise.all([encoder(id, FAST), encoder(id, SLOW)]);
  assert.deepEqual([fast.encoder, slow.encoder], [undefined, undefined]);
  const [stored, deflated] = await Promise.all([bytesOf(fast.content), bytesOf(slow.content)]);
  assert.ok(stored.length > 3 * MIB);
  assert.ok(deflated.length < 2 * MIB);
  assert.deepEqual([idOf(stored), idOf(deflated)], [id, id]);
  assert.equal(counters.encoded, 2);
});

test('a large object for one link that is not what its id says never ends cleanly', async (t) => {
  const bare = bareFixture(t);
  const { content } = (await bare.open()).objects;
  const other = bare.file(text(2 * MIB));
  const { encode, faults } = options({ content: () => content(other) }, 0, { levels: BY_LINK });
  await assert.rejects(bytesOf(await encode(LARGE)), coded('ERR_OBJECT_CORRUPT', LARGE));
  assert.equal(faults.length, 1);
});
