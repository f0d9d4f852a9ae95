import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import fastify from 'fastify';
import { collect } from '../../../src/base/bytes.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import {
  type Answer,
  bytesAnswer,
  errorAnswer,
  faultAnswer,
  fileAnswer,
  lineAnswer,
  notFoundAnswer,
  notModifiedAnswer,
  type Representation,
  type Request,
  streamAnswer,
} from '../../../src/server/http/answer.ts';
import { openPlainFile, type PlainFile } from '../../../src/server/http/plain-file.ts';
import { sendAnswer } from '../../../src/server/http/send.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { archiveFixture, archiveUrl, bareFixture, tempFolder } from '../repos.ts';
import { idOf, served, text } from '../served.ts';

const MIB = 1024 * 1024;
const AT = Date.UTC(2026, 0, 2, 3, 4, 5);
const FORM: Representation = { etag: 'tag', lastModified: AT, cacheControl: 'public, max-age=10' };

type Handler = (request: Request) => Answer;

function app(t: TestContext, handler: Handler) {
  const server = fastify({ exposeHeadRoutes: false });
  server.route({
    method: ['GET', 'HEAD'],
    url: '/',
    handler: (request, reply) => sendAnswer(reply, handler(request)),
  });
  t.after(() => server.close());
  return {
    server,
    ask: (headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
      server.inject({ method, url: '/', headers }),
  };
}

function fileOf(t: TestContext, bytes: Buffer): () => PlainFile {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'file'), bytes);
  return () => openPlainFile(folder, 'file') as PlainFile;
}

const LARGE = Buffer.alloc(MIB, 'large');

const kinds: readonly (readonly [string, Buffer, (t: TestContext) => Handler])[] = [
  ['bytes', Buffer.from('body'), () => (request) => bytesAnswer(request, Buffer.from('body'), FORM)],
  [
    'a small file',
    Buffer.from('small'),
    (t) => {
      const open = fileOf(t, Buffer.from('small'));
      return (request) => fileAnswer(request, open(), FORM);
    },
  ],
  [
    'a large file',
    LARGE,
    (t) => {
      const open = fileOf(t, LARGE);
      return (request) => fileAnswer(request, open(), FORM);
    },
  ],
  [
    'a stream',
    Buffer.from('one two'),
    () => (request) => streamAnswer(request, Readable.from(['one ', 'two']), FORM),
  ],
];

for (const [what, body, handlerOf] of kinds) {
  test(`${what}: GET, HEAD and a condition that holds`, async (t) => {
    const { ask } = app(t, handlerOf(t));
    const full = await ask();
    assert.equal(full.statusCode, 200);
    assert.deepEqual(full.rawPayload, body);
    assert.equal(full.headers.etag, '"tag"');
    assert.equal(full.headers['cache-control'], FORM.cacheControl);
    assert.equal(full.headers['last-modified'], 'Fri, 02 Jan 2026 03:04:05 GMT');
    assert.equal(full.headers['content-type'], 'application/octet-stream');
    assert.equal(full.headers['accept-ranges'], what === 'a stream' ? 'none' : 'bytes');
    if (what !== 'a stream') assert.equal(full.headers['content-length'], String(body.length));

    const head = await ask({}, 'HEAD');
    assert.equal(head.statusCode, 200);
    assert.equal(head.body, '');
    assert.equal(head.headers.etag, full.headers.etag);
    assert.equal(head.headers['content-length'], full.headers['content-length']);

    const again = await ask({ 'if-none-match': '"tag"' });
    assert.equal(again.statusCode, 304);
    assert.equal(again.body, '');
    assert.equal(again.headers.etag, '"tag"');
    assert.equal(again.headers['content-type'], undefined);
  });
}

for (const [what, body, handlerOf] of kinds.filter(([name]) => name !== 'a stream')) {
  test(`${what}: ranges`, async (t) => {
    const { ask } = app(t, handlerOf(t));
    const part = await ask({ range: 'bytes=1-2' });
    assert.equal(part.statusCode, 206);
    assert.deepEqual(part.rawPayload, body.subarray(1, 3));
    assert.equal(part.headers['content-range'], `bytes 1-2/${body.length}`);
    assert.equal(part.headers['content-length'], '2');
    assert.equal(part.headers.etag, '"tag"');
    assert.equal(part.headers['cache-control'], FORM.cacheControl);
    assert.equal(part.headers['content-type'], 'application/octet-stream');

    const rest = await ask({ range: 'bytes=-3', 'if-range': '"tag"' });
    assert.deepEqual([rest.statusCode, rest.rawPayload], [206, body.subarray(-3)]);
    const all = await ask({ range: 'bytes=0-' });
    assert.deepEqual([all.statusCode, all.rawPayload], [206, body]);

    const beyond = await ask({ range: `bytes=${body.length}-` });
    assert.deepEqual([beyond.statusCode, beyond.body], [416, '']);
    assert.equal(beyond.headers['content-range'], `bytes */${body.length}`);
    assert.equal(beyond.headers['cache-control'], 'no-store');

    const changed = await ask({ range: 'bytes=1-2', 'if-range': '"other"' });
    assert.deepEqual([changed.statusCode, changed.rawPayload], [200, body]);
    assert.equal(changed.headers['content-range'], undefined);
    const known = await ask({ range: 'bytes=1-2', 'if-none-match': '"tag"' });
    assert.equal(known.statusCode, 304);
    const head = await ask({ range: 'bytes=1-2' }, 'HEAD');
    assert.deepEqual([head.statusCode, head.headers['content-length']], [200, String(body.length)]);
  });
}

test('no range of a stream, nor of bytes that are about to be replaced', async (t) => {
  const form: Representation = { ...FORM, ranges: 'none' };
  const handlers: readonly Handler[] = [
    (request) => streamAnswer(request, Readable.from(['one ', 'two']), FORM),
    (request) => bytesAnswer(request, Buffer.from('one two'), form),
  ];
  for (const handler of handlers) {
    const answer = await app(t, handler).ask({ range: 'bytes=1-2' });
    assert.deepEqual([answer.statusCode, answer.body], [200, 'one two']);
    assert.equal(answer.headers['accept-ranges'], 'none');
  }
});

test('a large file that is not sent is closed', async (t) => {
  const open = fileOf(t, LARGE);
  const { ask } = app(t, (request) => fileAnswer(request, open(), FORM));
  await ask();
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  for (let count = 0; count < 20; count++) {
    await ask({}, 'HEAD');
    await ask({ 'if-none-match': '*' });
    await ask({ range: `bytes=${MIB}-` });
  }
  assert.ok(descriptors() < before + 20, `${descriptors() - before} more`);
});

test('a stream that is not sent is destroyed', async (t) => {
  const streams: Readable[] = [];
  const { ask } = app(t, (request) => {
    const stream = Readable.from(['x']);
    streams.push(stream);
    return streamAnswer(request, stream, FORM);
  });
  await ask({}, 'HEAD');
  await ask({ 'if-none-match': '"tag"' });
  assert.deepEqual(
    streams.map((stream) => stream.destroyed),
    [true, true],
  );
});

test('only a condition that holds is answered beforehand', async (t) => {
  const { ask } = app(
    t,
    (request) => notModifiedAnswer(request, FORM) ?? lineAnswer(request, 200, 'looked further', 'no-store'),
  );
  for (const headers of [
    {},
    { 'if-none-match': '"other"' },
    { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' },
  ]) {
    assert.equal((await ask(headers)).body, 'looked further\n');
  }
  assert.equal((await ask({ 'if-none-match': '"tag"' })).statusCode, 304);
});

test('errors have no body: their words are in a header', async (t) => {
  const answers: readonly (readonly [Handler, number, string, string | undefined])[] = [
    [() => notFoundAnswer(), 404, 'no-cache', undefined],
    [() => errorAnswer(500, 'no-store', 'why'), 500, 'no-store', 'why'],
    [() => faultAnswer({ status: 404, text: 'no object' }), 404, 'no-cache', 'no object'],
    [() => faultAnswer({ status: 500, text: 'corrupt' }), 500, 'no-store', 'corrupt'],
  ];
  for (const [handler, status, cacheControl, reason] of answers) {
    const answer = await app(t, handler).ask();
    assert.equal(answer.statusCode, status);
    assert.equal(answer.body, '');
    assert.equal(answer.headers['content-length'], '0');
    assert.equal(answer.headers['cache-control'], cacheControl);
    assert.equal(answer.headers['treeport-error'], reason);
    assert.equal(answer.headers.etag, undefined);
  }
});

test('text is one line, and none for HEAD', async (t) => {
  const { ask } = app(t, (request) => lineAnswer(request, 503, 'not now', 'no-store'));
  const answer = await ask();
  assert.equal(answer.body, 'not now\n');
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  const head = await ask({}, 'HEAD');
  assert.equal(head.body, '');
  assert.equal(head.headers['content-length'], '8');
});

test('HEAD knows the length of a small object and holds nothing of a large one', async (t) => {
  const bare = bareFixture(t);
  const [small, large] = [bare.file(text(10_000)), bare.file(text(3 * MIB))];
  const { origin } = await served(t, await bare.open());
  const head = (id: Checksum) => fetch(origin + archiveUrl(id), { method: 'HEAD' });
  const received = async (id: Checksum) =>
    Buffer.from(await (await fetch(origin + archiveUrl(id))).arrayBuffer());
  const body = await received(small);
  assert.equal((await head(small)).headers.get('content-length'), String(body.length));
  const answer = await head(large);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-length'), null);
  assert.equal(idOf(await received(large)), large);
});

test('an archive file that becomes shorter while it is sent breaks the connection and is logged', async (t) => {
  const { path, repo } = await archiveFixture(t);
  const id = repeatedChecksum('d');
  const object = join(path, loosePath(id, 'filez'));
  mkdirSync(dirname(object), { recursive: true });
  writeFileSync(object, '');
  truncateSync(object, 64 * MIB);
  const { origin, lines, errors } = await served(t, repo);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(origin + archiveUrl(id), resolve).on('error', reject);
  });
  response.pause();
  truncateSync(object, 1000);
  await assert.rejects(collect(response));
  assert.ok(errors().some((line) => line.includes(archiveUrl(id)) && line.includes('the file ended after')));
  assert.ok(!lines.some((line) => line.includes('"status":200')));
});
