import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { collect } from '../../../src/base/bytes.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { openPlainFile, type PlainFile } from '../../../src/server/http/plain-file.ts';
import {
  type Answer,
  sendBytes,
  sendError,
  sendFault,
  sendFile,
  sendIfNotModified,
  sendNotFound,
  sendStream,
  sendText,
} from '../../../src/server/http/reply.ts';
import { archiveFixture, archiveUrl, bareFixture, tempFolder } from '../repos.ts';
import { idOf, served, text } from '../served.ts';

const MIB = 1024 * 1024;
const AT = Date.UTC(2026, 0, 2, 3, 4, 5);
const ANSWER: Answer = { etag: 'tag', lastModified: AT, cacheControl: 'public, max-age=10' };

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

function app(t: TestContext, handler: Handler) {
  const server = fastify({ exposeHeadRoutes: false });
  server.route({ method: ['GET', 'HEAD'], url: '/', handler });
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
  [
    'bytes',
    Buffer.from('body'),
    () => (request, reply) => sendBytes(request, reply, Buffer.from('body'), ANSWER),
  ],
  [
    'a small file',
    Buffer.from('small'),
    (t) => {
      const open = fileOf(t, Buffer.from('small'));
      return (request, reply) => sendFile(request, reply, open(), ANSWER);
    },
  ],
  [
    'a large file',
    LARGE,
    (t) => {
      const open = fileOf(t, LARGE);
      return (request, reply) => sendFile(request, reply, open(), ANSWER);
    },
  ],
  [
    'a stream',
    Buffer.from('one two'),
    () => (request, reply) => sendStream(request, reply, Readable.from(['one ', 'two']), ANSWER),
  ],
];

for (const [what, body, handlerOf] of kinds) {
  test(`${what}: GET, HEAD and a condition that holds`, async (t) => {
    const { ask } = app(t, handlerOf(t));
    const full = await ask();
    assert.equal(full.statusCode, 200);
    assert.deepEqual(full.rawPayload, body);
    assert.equal(full.headers.etag, '"tag"');
    assert.equal(full.headers['cache-control'], ANSWER.cacheControl);
    assert.equal(full.headers['last-modified'], 'Fri, 02 Jan 2026 03:04:05 GMT');
    assert.equal(full.headers['content-type'], 'application/octet-stream');
    assert.equal(full.headers['accept-ranges'], 'none');
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

test('a large file that is not sent is closed', async (t) => {
  const open = fileOf(t, LARGE);
  const { ask } = app(t, (request, reply) => sendFile(request, reply, open(), ANSWER));
  await ask();
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  for (let count = 0; count < 20; count++) {
    await ask({}, 'HEAD');
    await ask({ 'if-none-match': '*' });
  }
  assert.ok(descriptors() < before + 20, `${descriptors() - before} more`);
});

test('a stream that is not sent is destroyed', async (t) => {
  const streams: Readable[] = [];
  const { ask } = app(t, (request, reply) => {
    const stream = Readable.from(['x']);
    streams.push(stream);
    return sendStream(request, reply, stream, ANSWER);
  });
  await ask({}, 'HEAD');
  await ask({ 'if-none-match': '"tag"' });
  assert.deepEqual(
    streams.map((stream) => stream.destroyed),
    [true, true],
  );
});

test('only a condition that holds is answered beforehand', async (t) => {
  const { ask } = app(t, (request, reply) =>
    sendIfNotModified(request, reply, ANSWER) ? reply : sendText(reply, 200, 'looked further', 'no-store'),
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
    [(_, reply) => sendNotFound(reply), 404, 'no-cache', undefined],
    [(_, reply) => sendError(reply, 500, 'no-store', 'why'), 500, 'no-store', 'why'],
    [(_, reply) => sendFault(reply, { status: 404, text: 'no object' }), 404, 'no-cache', 'no object'],
    [(_, reply) => sendFault(reply, { status: 500, text: 'corrupt' }), 500, 'no-store', 'corrupt'],
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
  const { ask } = app(t, (_, reply) => sendText(reply, 503, 'not now', 'no-store'));
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
  const head = (id: string) => fetch(origin + archiveUrl(id), { method: 'HEAD' });
  const received = async (id: string) =>
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
  const id = 'd'.repeat(64);
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
