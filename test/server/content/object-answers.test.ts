import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { encoderId } from '../../../src/ostree/verified-filez.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { fixtureObject } from '../../support/ostree-fixture.ts';
import { until } from '../../support/until.ts';
import { archiveFixture, archiveUrl, bareFixture, tempFolder } from '../repos.ts';
import { idOf, served, text } from '../served.ts';
import { tinyDisk, unlessTinyDisk } from '../tiny-disk.ts';

const MIB = 1024 * 1024;

test('objects of every size and kind come as archive files that give their id', async (t) => {
  const bare = bareFixture(t);
  const contents = [
    '',
    'x',
    text(4096),
    text(4097),
    text(70_000),
    text(MIB),
    text(MIB + 1),
    text(5 * MIB),
    Buffer.alloc(3 * MIB),
  ];
  const ids = [
    ...contents.map((content) => bare.file(content)),
    bare.symlink('../..//weird/./target'),
    bare.symlink('ü'.repeat(300)),
  ];
  for (const deflateLevel of ['auto', 1] as const) {
    const { origin, counters } = await served(t, await bare.open(), { deflateLevel });
    for (const id of ids) {
      const answer = await fetch(origin + archiveUrl(id));
      assert.equal(answer.status, 200);
      if (deflateLevel === 1) {
        assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
        assert.match(answer.headers.get('etag') ?? '', new RegExp(`^"${id}-deflate1-`));
      }
      assert.equal(idOf(Buffer.from(await answer.arrayBuffer())), id);
    }
    assert.equal(counters.encoded, ids.length);
  }
});

test('the empty file has the body that libostree writes', async (t) => {
  const bare = bareFixture(t);
  const { app } = await served(t, await bare.open());
  assert.deepEqual(
    (await app.inject(archiveUrl(bare.file('')))).rawPayload.subarray(-2),
    Buffer.from([3, 0]),
  );
});

test('archive files of the repository, and of its parents, are sent as they lie there', async (t) => {
  const { path, repo } = await archiveFixture(t);
  const child = tempFolder(t);
  mkdirSync(join(child, 'objects'));
  const { app, counters } = await served(t, { ...repo, path: child, parent: repo });
  const large = repeatedChecksum('c');
  mkdirSync(dirname(join(path, loosePath(large, 'filez'))), { recursive: true });
  writeFileSync(join(path, loosePath(large, 'filez')), randomBytes(MIB));
  const names = readdirSync(join(path, 'objects'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.filez'),
  );
  for (const name of names) {
    const answer = await app.inject(`/repo/objects/${name}`);
    assert.deepEqual(answer.rawPayload, readFileSync(join(path, 'objects', name)));
    assert.equal(Number(answer.headers['content-length']), answer.rawPayload.length);
  }
  assert.equal(counters.plain, names.length);
  assert.equal(counters.encoded, 0);
});

test("a symlink under an archive object's name is not followed", async (t) => {
  const { path, repo } = await archiveFixture(t);
  const id = repeatedChecksum('d');
  const object = join(path, loosePath(id, 'filez'));
  mkdirSync(dirname(object), { recursive: true });
  symlinkSync('/etc/passwd', object);
  const { app } = await served(t, repo);
  const answer = await app.inject(archiveUrl(id));
  assert.notEqual(answer.statusCode, 200);
  assert.ok(!answer.body.includes('root:'));
});

test('metadata is verified before it is sent', async (t) => {
  const { path, repo, commit } = await archiveFixture(t);
  const { app, counters, errors } = await served(t, repo);
  const url = `/repo/${loosePath(commit, 'commit')}`;
  assert.deepEqual((await app.inject(url)).rawPayload, readFileSync(join(path, loosePath(commit, 'commit'))));
  appendFileSync(join(path, loosePath(commit, 'commit')), 'x');
  const answer = await app.inject(url);
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['treeport-error'], `object ${commit}.commit is corrupt in this repository`);
  assert.equal(answer.body, '');
  assert.equal(counters.corrupt, 1);
  assert.ok(errors()[0]?.includes(commit));
});

test('a corrupt small object is a 500, with the reason in a header', async (t) => {
  const bare = bareFixture(t);
  const id = bare.file('right');
  writeFileSync(bare.objectPath(id), 'wrong');
  const { app, counters, errors } = await served(t, await bare.open());
  const answer = await app.inject(archiveUrl(id));
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.headers['treeport-error'], `object ${id}.filez is corrupt in this repository`);
  assert.equal(answer.body, '');
  assert.equal(counters.corrupt, 1);
  assert.ok(errors()[0]?.includes(id));
});

test('an archive file that was found corrupt is refused from then on, until it is another file', async (t) => {
  const { path, repo } = await archiveFixture(t);
  const id = fixtureObject('/usr/bin/bash');
  const object = join(path, loosePath(id, 'filez'));
  const good = readFileSync(object);
  writeFileSync(object, Buffer.concat([good.subarray(0, 16), Buffer.from([1]), good.subarray(17)]));
  const { app, counters, errors } = await served(t, repo, { idleMs: 1 });
  assert.equal((await app.inject(archiveUrl(id))).statusCode, 200);
  while (errors().length === 0) await new Promise(setImmediate);
  for (const headers of [{}, { 'if-none-match': '*' }]) {
    const answer = await app.inject({ url: archiveUrl(id), headers });
    assert.equal(answer.statusCode, 500);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers.etag, undefined);
  }
  assert.ok(counters.corrupt >= 2);
  rmSync(object);
  writeFileSync(object, good);
  assert.deepEqual((await app.inject(archiveUrl(id))).rawPayload, good);
});

test('an object that is not there is a 404 whatever the condition', async (t) => {
  const bare = bareFixture(t);
  const there = bare.file('x');
  const { app } = await served(t, await bare.open());
  const missing = repeatedChecksum('e');
  const etag = String((await app.inject(archiveUrl(there))).headers.etag);
  const conditions = [
    { 'if-none-match': '*' },
    { 'if-none-match': etag.replace(there, missing) },
    { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' },
  ];
  for (const headers of conditions) {
    assert.equal((await app.inject({ url: archiveUrl(missing), headers })).statusCode, 404);
    const same = 'if-none-match' in headers ? { 'if-none-match': etag } : headers;
    assert.equal((await app.inject({ url: archiveUrl(there), headers: same })).statusCode, 304);
  }
});

test('an unreadable object is a 500 that does not tell paths', async (t) => {
  const bare = bareFixture(t);
  const id = bare.file('x');
  rmSync(bare.objectPath(id));
  mkdirSync(bare.objectPath(id));
  const { app, errors, counters } = await served(t, await bare.open());
  const answer = await app.inject(archiveUrl(id));
  assert.equal(answer.statusCode, 500);
  assert.match(String(answer.headers['treeport-error']), new RegExp(`^object ${id}.filez [a-z ]+$`));
  assert.equal(answer.body, '');
  assert.equal(counters.corrupt + counters.unreadable, 1);
  assert.ok(errors()[0]?.includes(id));
});

test('a missing object is a 404; the log says so loudly only where clients did not guess', async (t) => {
  const bare = bareFixture(t);
  const { app, lines, counters } = await served(t, await bare.open());
  const id = repeatedChecksum('e');
  for (const type of ['filez', 'dirtree', 'commitmeta', 'commit']) {
    assert.equal((await app.inject(`/repo/${loosePath(id, type)}`)).statusCode, 404);
  }
  const warnings = lines.filter((line) => line.includes('"level":40')).map((line) => JSON.parse(line).object);
  assert.deepEqual(warnings, [`${id}.filez`, `${id}.dirtree`]);
  assert.equal(counters.missing, 4);
});

for (const withCache of [false, true]) {
  const where = withCache ? 'with a cache' : 'without a cache';

  test(`a corrupt large object never ends cleanly, ${where}`, async (t) => {
    const bare = bareFixture(t);
    const id = bare.file(text(3 * MIB));
    chmodSync(bare.objectPath(id), 0o755);
    const cacheDir = join(tempFolder(t), 'cache');
    const { origin, counters, errors } = await served(
      t,
      await bare.open(),
      withCache ? { cacheDir, deflateLevel: 1 } : {},
    );
    const attempts = await Promise.allSettled([1, 2].map(() => received(origin + archiveUrl(id))));
    for (const attempt of attempts) assert.equal(attempt.status, 'rejected');
    assert.ok(counters.corrupt >= 1);
    assert.equal(counters.encoded, 0);
    assert.ok(errors().every((line) => line.includes(id)));
    if (withCache) await eventuallyEmpty(join(cacheDir, encoderId(1)));
    chmodSync(bare.objectPath(id), 0o644);
    assert.equal(idOf(await received(origin + archiveUrl(id))), id, 'the next request starts afresh');
  });

  test(`concurrent requests share one encoding, ${where}; one that leaves does not matter`, async (t) => {
    const bare = bareFixture(t);
    const [small, large] = [bare.file(text(500_000)), bare.file(text(6 * MIB))];
    const cacheDir = join(tempFolder(t), 'cache');
    const { origin, counters } = await served(
      t,
      await bare.open(),
      withCache ? { cacheDir, deflateLevel: 1 } : {},
    );
    for (const id of [small, large]) {
      const leaving = get(origin + archiveUrl(id), (response) =>
        response.once('data', () => response.destroy()),
      );
      leaving.on('error', () => {});
      const bodies = await Promise.all([1, 2, 3, 4].map(() => received(origin + archiveUrl(id))));
      for (const body of bodies) assert.equal(idOf(body), id);
    }
    // Without a cache a reader may have fallen behind the window of the others.
    if (withCache) assert.equal(counters.encoded, 2);
    else assert.ok(counters.encoded < 10);
  });
}

test('an encoded object is in the cache when it has been sent once, in archive layout', async (t) => {
  const bare = bareFixture(t);
  const ids = [bare.file('small'), bare.file(text(3 * MIB)), bare.symlink('x')];
  const cacheDir = join(tempFolder(t), 'cache');
  const { origin, counters } = await served(t, await bare.open(), { cacheDir, deflateLevel: 1 });
  for (const id of ids) {
    const first = await received(origin + archiveUrl(id));
    for (let tries = 0; counters.cached === 0 && tries < 500; tries++) {
      assert.deepEqual(await received(origin + archiveUrl(id)), first);
    }
    assert.equal(counters.cached, 1, 'it came from the cache in the end');
    assert.deepEqual(readFileSync(join(cacheDir, encoderId(1), loosePath(id, 'filez'))), first);
    counters.cached = 0;
  }
});

test('a full disk costs speed only', { skip: unlessTinyDisk() }, async (t) => {
  const bare = bareFixture(t);
  const ids = [
    bare.file(text(6 * MIB)),
    bare.file(text(900_000)),
    bare.file(text(900_000)),
    bare.file(text(900_000)),
  ];
  const { origin, lines } = await served(t, await bare.open(), { cacheDir: tinyDisk(t), deflateLevel: 1 });
  for (const id of ids) assert.equal(idOf(await received(origin + archiveUrl(id))), id);
  assert.ok(lines.some((line) => line.includes('cannot write the cache directory')));
});

/** Waits until there is no file below the folder. */
async function eventuallyEmpty(folder: string): Promise<void> {
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  await until(() => files().length === 0);
}

/** The whole body; rejects if the connection ends before it does. */
function received(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = get(url, (response: IncomingMessage) => {
      assert.equal(response.statusCode, 200);
      collect(response).then(resolve, reject);
    });
    asked.on('error', reject);
  });
}
