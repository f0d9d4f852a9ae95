import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { GENERATOR_KEY } from '../../../src/delta/static/generate/make-superblock.ts';
import { parseSuperblock, partPath, serializeSuperblock } from '../../../src/delta/static/superblock.ts';
import { virtualDeltaPath } from '../../../src/delta/virtual/virtual-delta.ts';
import { variant } from '../../../src/gvariant/index.ts';
import { checksumOf, checksumToBytes } from '../../../src/ostree/checksum.ts';
import { STATIC_DELTAS_KEY, serializeDeltaIndex } from '../../../src/ostree/delta-list.ts';
import { deltaIndexPath, superblockPath } from '../../../src/ostree/delta-name.ts';
import { dictFromView, dictView, parseDict, stringVariant } from '../../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { parseSummary, serializeSummary } from '../../../src/ostree/summary.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { NEW, virtualServer, write } from '../../support/virtual-server.ts';

const OLD = { 'user-agent': 'libostree/2022.7' };

/** What no user can read, root neither. */
function replaceByDirectory(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

/** The superblock as another version of treeport would have written it. */
function withGenerator(superblock: Buffer, text: string): Buffer {
  const parsed = parseSuperblock(superblock);
  const metadata = new Map([...parsed.metadata, [GENERATOR_KEY, stringVariant(text)]]);
  return serializeSuperblock({ ...parsed, metadata });
}

function listed(index: Buffer): readonly string[] {
  const view = dictView(parseDict(index), STATIC_DELTAS_KEY, 'a{sv}');
  return view === undefined ? [] : [...dictFromView(view).keys()];
}

for (const profile of ['wan', 'lan'] as const) {
  for (const isStored of [true, false]) {
    test(`a ${profile} delta that is ${isStored ? 'stored' : 'computed'} is served to new clients`, async (t) => {
      const { delta, to, start } = await virtualServer(t, profile, { isStored });
      const { index, superblock, part, counters } = await start();
      assert.deepEqual(listed((await index()).rawPayload), [to]);
      assert.deepEqual((await superblock()).rawPayload, delta.superblock);
      for (const [number, { checksum, size }] of delta.parts.entries()) {
        const answer = await part(number);
        assert.equal(answer.statusCode, 200);
        assert.equal(checksumOf(answer.rawPayload), checksum);
        assert.equal(answer.headers['content-length'], String(size));
      }
      assert.equal((await part(delta.parts.length)).statusCode, 404);
      assert.equal(counters.madeParts, delta.parts.length);
    });
  }
}

test('older and unknown clients are not offered it, and caches have to ask', async (t) => {
  const { start } = await virtualServer(t, 'lan');
  const { index, superblock } = await start();
  for (const headers of [OLD, { 'user-agent': 'curl/8' }]) {
    for (const answer of [await index(headers), await superblock(headers)]) {
      assert.equal(answer.statusCode, 404);
      assert.equal(answer.headers.vary, 'user-agent');
      assert.equal(answer.headers['cache-control'], 'no-store');
    }
  }
  assert.equal((await index()).headers['cache-control'], 'no-store');
  const offered = await superblock();
  assert.deepEqual([offered.headers.vary, offered.headers['cache-control']], ['user-agent', 'no-cache']);
  const etag = offered.headers.etag as string;
  const known = await superblock({ ...NEW, 'if-none-match': etag } as never);
  assert.deepEqual([known.statusCode, known.headers.vary], [304, 'user-agent']);
  assert.equal((await superblock({ ...OLD, 'if-none-match': etag } as never)).statusCode, 404);
});

test('ranges and conditions of parts', async (t) => {
  const { delta, start } = await virtualServer(t, 'lan');
  const { part, counters } = await start();
  const whole = (await part(0)).rawPayload;
  const range = await part(0, { range: 'bytes=10-19' });
  assert.equal(range.statusCode, 206);
  assert.deepEqual(range.rawPayload, whole.subarray(10, 20));
  const etag = `"${delta.parts[0]?.checksum}"`;
  assert.equal((await part(0)).headers.etag, etag);
  assert.equal((await part(0, { 'if-none-match': etag })).statusCode, 304);
  assert.equal(counters.madeParts, 1);
});

test('clients that come at once share the making of a part', async (t) => {
  const { start } = await virtualServer(t, 'wan');
  const { part, counters } = await start();
  const answers = await Promise.all(Array.from({ length: 16 }, () => part(0)));
  assert.equal(new Set(answers.map(({ rawPayload }) => checksumOf(rawPayload))).size, 1);
  assert.equal(counters.madeParts, 1);
});

test('a carried delta of the same name wins, and others stay listed', async (t) => {
  const { repo, to, from, start } = await virtualServer(t, 'lan');
  const other = { name: { from, to }, superblock: repeatedChecksum('ab') };
  write(join(repo.path, deltaIndexPath(to)), serializeDeltaIndex([other]));
  const server = await start();
  assert.deepEqual(listed((await server.index()).rawPayload), [`${from}-${to}`, to]);
  const old = await server.index(OLD);
  assert.deepEqual(listed(old.rawPayload), [`${from}-${to}`]);
  assert.equal(old.headers.vary, 'user-agent');
  const own = { name: { from: undefined, to }, superblock: repeatedChecksum('cd') };
  const carried = serializeDeltaIndex([own, other]);
  write(join(repo.path, deltaIndexPath(to)), carried);
  write(join(repo.path, superblockPath(own.name)), Buffer.from('carried'));
  assert.deepEqual((await server.index()).rawPayload, carried);
  assert.equal((await server.superblock(OLD)).body, 'carried');
});

test('not offered where the summary announces no indexes', async (t) => {
  const { repo, start } = await virtualServer(t, 'lan');
  const { app, index, superblock } = await start();
  const { refs, metadata } = parseSummary((await app.inject('/repo/summary')).rawPayload);
  const silent = new Map([...metadata, ['ostree.summary.indexed-deltas', variant('b', false)] as const]);
  write(join(repo.path, 'summary'), serializeSummary({ refs, metadata: silent }));
  write(join(repo.path, 'summary.sig'), Buffer.from('signature'));
  assert.equal((await index()).statusCode, 404);
  assert.equal((await superblock()).statusCode, 404);
  const bytes = serializeSummary({ refs, metadata });
  write(join(repo.path, 'summary'), bytes);
  assert.equal((await index()).statusCode, 200);
  assert.deepEqual((await app.inject('/repo/summary')).rawPayload, bytes);
});

test('a part that comes out differently is not sent to its end, and the delta is withdrawn', async (t) => {
  const { delta, repo, to, lines, start } = await virtualServer(t, 'lan');
  const checksum = checksumToBytes(delta.parts[0]?.checksum as never);
  const bytes = Buffer.from(delta.superblock);
  bytes.writeUInt8((checksum[0] as number) ^ 1, bytes.indexOf(checksum));
  write(join(repo.path, virtualDeltaPath(to, 'lan')), bytes);
  const { app, index, superblock, part, counters } = await start();
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  const size = delta.parts[0]?.size as number;
  const received = { bytes: 0 };
  const pull = async () => {
    received.bytes = 0;
    const response = await fetch(`${origin}/repo/${partPath({ from: undefined, to }, 0)}`);
    assert.equal(response.headers.get('content-length'), String(size));
    for await (const bytes of response.body ?? []) received.bytes += bytes.length;
  };
  await assert.rejects(pull());
  assert.ok(received.bytes < size, `${received.bytes} of ${size}`);
  assert.equal((await index()).statusCode, 404);
  assert.equal((await superblock()).statusCode, 404);
  assert.equal((await part(0)).statusCode, 404);
  assert.deepEqual([counters.withdrawnDeltas, counters.failedParts], [1, 0]);
  const logged = lines.filter((line) => line.includes('ERR_VIRTUAL_DELTA'));
  assert.equal(logged.length, 1);
  assert.match(logged[0] as string, /is withdrawn: part 0 of the lan delta/);
});

test('a part that cannot be made for now is made by a later request', async (t) => {
  const { delta, repo, lines, start } = await virtualServer(t, 'lan');
  const { index, part, counters } = await start();
  const file = delta.parts[0]?.objects.find(({ type }) => type === 'file');
  const path = join(repo.path, loosePath(file?.checksum as never, 'filez'));
  const bytes = readFileSync(path);
  const spoilers = [() => truncateSync(path), () => unlinkSync(path), () => replaceByDirectory(path)];
  for (const [count, spoil] of spoilers.entries()) {
    spoil();
    const answer = await part(0);
    assert.deepEqual([answer.statusCode, answer.rawPayload.length], [503, 0]);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(counters.failedParts, count + 1);
    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, bytes);
  }
  const logged = lines.filter((line) => line.includes('"level":50'));
  assert.equal(logged.length, spoilers.length);
  for (const line of logged) assert.match(line, /part 0 of the virtual delta to \w{64} cannot be made: /);
  assert.equal((await index()).statusCode, 200);
  assert.equal(checksumOf((await part(0)).rawPayload), delta.parts[0]?.checksum);
  assert.equal(counters.withdrawnDeltas, 0);
});

test('a delta that liblzma made is not offered, and the log says so', async (t) => {
  const former = (superblock: Buffer) => withGenerator(superblock, 'liblzma 5.4.1, wan 2');
  const { start, lines, to } = await virtualServer(t, 'wan', { change: former });
  await start();
  const text = `the virtual delta to ${to} is not offered: another version of treeport made it`;
  assert.ok(lines.some((line) => line.includes(text)));
});

test('a delta whose parts were packed in another way is not offered, and the log says so', async (t) => {
  const other = (superblock: Buffer) => withGenerator(superblock, 'lan 99');
  const { start, lines, to } = await virtualServer(t, 'lan', { change: other });
  const { superblock } = await start();
  assert.equal((await superblock()).statusCode, 404);
  const text = `the virtual delta to ${to} is not offered: another version of treeport made it`;
  assert.ok(lines.some((line) => line.includes(text)));
});
