import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { pino } from 'pino';
import { collect } from '../../../src/base/bytes.ts';
import { BackgroundVerifier } from '../../../src/server/content/background-verifier.ts';
import { EncodedObjects } from '../../../src/server/content/encoded-objects.ts';
import { createObjectAnswers } from '../../../src/server/content/object-answers.ts';
import type { Answer, Request } from '../../../src/server/http/answer.ts';
import { newCounters } from '../../../src/server/http/counters.ts';
import { createFaultReporter } from '../../../src/server/http/faults.ts';
import { pieceStream } from '../../../src/server/http/piece-stream.ts';
import { writeAnswer } from '../../../src/server/http/send.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { archiveUrl, bareFixture } from '../repos.ts';
import { served, text } from '../served.ts';

const MIB = 1024 * 1024;

/** A server of node:http alone. */
async function plainServer(t: TestContext, answer: (request: Request) => Promise<Answer>): Promise<string> {
  const server = createServer((request, response) => {
    void answer(request).then((value) => writeAnswer(response, value, pino({ level: 'silent' })));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The response as soon as its head is there. */
function firstResponse(origin: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(origin, resolve).on('error', reject);
  });
}

test('a plain node:http handler answers objects with the same headers and bytes as the server', async (t) => {
  const bare = bareFixture(t);
  const repo = await bare.open();
  const ids = [bare.file('small'), bare.file(text(200_000)), bare.file(text(3 * MIB)), repeatedChecksum('f')];
  const logger = pino({ level: 'silent' });
  const counters = newCounters();
  const { signal } = new AbortController();
  const onFault = () => {};
  const encoded = await EncodedObjects.open({
    objects: repo.objects,
    deflateLevel: 'auto',
    cache: undefined,
    counters,
    onFault,
    logger,
    idleMs: 1000,
    closing: signal,
    closed: signal,
  });
  const objects = createObjectAnswers({
    repo,
    encoded,
    backgroundVerifier: new BackgroundVerifier({ objects: repo.objects, onFault, idleMs: 1000 }),
    counters,
    faults: createFaultReporter(logger, counters),
  });
  const { origin } = await served(t, repo);
  for (const id of ids) {
    const plain = await plainServer(t, async (request) => objects.content(request, id));
    const tag = (await fetch(plain)).headers.get('etag') ?? '"none"';
    for (const init of [{}, { method: 'HEAD' }, { headers: { 'if-none-match': tag } }]) {
      const [ours, theirs] = [await fetch(plain, init), await fetch(origin + archiveUrl(id), init)];
      assert.equal(ours.status, theirs.status);
      for (const name of ['etag', 'cache-control', 'content-length', 'content-type', 'treeport-error']) {
        assert.equal(ours.headers.get(name), theirs.headers.get(name), name);
      }
      assert.deepEqual(await ours.arrayBuffer(), await theirs.arrayBuffer());
    }
  }
});

test('an error of the body breaks the connection of a plain response', async (t) => {
  const body = () =>
    Readable.from(
      (function* () {
        yield Buffer.from('part');
        throw new Error('unreadable');
      })(),
    );
  const origin = await plainServer(t, async () => ({ status: 200, headers: {}, body: body() }));
  const response = await firstResponse(origin);
  await assert.rejects(collect(response));
});

test('memory that a stream uses again is not touched before the client has its bytes', async (t) => {
  const memory = Buffer.alloc(60_000);
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let index = 0; index < 400; index++) yield memory.fill(index % 251);
  }
  const origin = await plainServer(t, async () => ({
    status: 200,
    headers: {},
    body: pieceStream(pieces()),
  }));
  const response = await firstResponse(origin);
  response.pause();
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  const received = await collect(response);
  assert.equal(received.length, 400 * memory.length);
  for (let index = 0; index < 400; index++) {
    const piece = received.subarray(index * memory.length, (index + 1) * memory.length);
    assert.ok(piece.equals(Buffer.alloc(memory.length, index % 251)), `piece ${index}`);
  }
});

test('a client that leaves ends the stream of pieces', async (t) => {
  const ended = Promise.withResolvers<void>();
  async function* pieces(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.alloc(60_000);
    } finally {
      ended.resolve();
    }
  }
  const origin = await plainServer(t, async () => ({
    status: 200,
    headers: {},
    body: pieceStream(pieces()),
  }));
  const response = await firstResponse(origin);
  response.on('error', () => {});
  response.once('data', () => response.destroy());
  await ended.promise;
});
