import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import {
  boundConnections,
  connectionLimit,
  createHttpServer,
  type HttpServerOptions,
} from '../../../src/server/http/http-server.ts';
import type { AnswerRepeated } from '../../../src/server/http/request-gate.ts';
import { getRequest, RawConnection } from '../raw-http.ts';

async function served(t: TestContext, maxConnections: number) {
  const reports: number[] = [];
  const answering: ServerResponse[] = [];
  const server = createServer((request, response) => {
    connections.begin(request, response);
    if (request.url === '/wait') answering.push(response);
    else response.end('answer');
  });
  const connections = boundConnections(server, { maxConnections, onLimit: (limit) => reports.push(limit) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const asked = async (path: string) => {
    const client = await RawConnection.open(t, port);
    client.write(getRequest(path));
    return client;
  };
  return { reports, answering, asked };
}

test('a client that reads nothing of the answer to a repeated request is cut off in the same time', async (t) => {
  const piece = Buffer.alloc(1024 * 1024);
  const answer: AnswerRepeated = ({ socket }) => {
    for (let count = 0; count < 16; count++) socket.write(piece);
    return true;
  };
  const server = createServer((request, response) => {
    connections.begin(request, response);
    response.end('answer');
  });
  const repeated = { answer, sendTimeoutMs: 50, keepAliveMs: 100_000 };
  const connections = boundConnections(server, { onLimit: () => {}, repeated });
  server.keepAliveTimeout = repeated.keepAliveMs;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const accepted = once(server, 'connection');
  const client = await RawConnection.open(t, (server.address() as AddressInfo).port);
  const [socket] = await accepted;
  client.write(getRequest('/'));
  await client.until(/answer/);
  client.socket.pause();
  client.write(getRequest('/again'));
  await once(socket, 'close');
});

test('the limit follows from the descriptors that there are', () => {
  assert.equal(connectionLimit(64), 8);
  assert.equal(connectionLimit(256), 96);
  assert.equal(connectionLimit(1024), 480);
  assert.equal(connectionLimit(1_000_000), 1024);
  assert.ok(connectionLimit() >= 8);
});

test('at the limit the connection that has been idle the longest makes room', async (t) => {
  const { asked, reports } = await served(t, 3);
  const clients = [];
  for (let count = 0; count < 3; count++) {
    const client = await asked('/');
    await client.until(/answer/);
    clients.push(client);
  }
  clients[0]?.write(getRequest('/again'));
  await clients[0]?.until(/answer.*answer/s);
  const newest = await asked('/');
  await newest.until(/answer/);
  await clients[1]?.closed();
  assert.deepEqual(
    clients.map(({ socket }) => socket.closed),
    [false, true, false],
  );
  const another = await asked('/');
  await another.until(/answer/);
  await clients[2]?.closed();
  assert.deepEqual(reports, [3], 'told once a minute at most');
});

test('where every client is being served the new connection is closed', async (t) => {
  const { asked, answering } = await served(t, 2);
  const clients = [await asked('/wait'), await asked('/wait')];
  while (answering.length < 2) await new Promise(setImmediate);
  await (await asked('/')).closed();
  for (const response of answering) response.end('answer');
  for (const client of clients) await client.until(/answer/);
  await (await asked('/')).until(/answer/);
});

test('a client that has stopped reading makes room before one that is being served', async (t) => {
  const { asked, answering } = await served(t, 2);
  const [stalled, reading] = [await asked('/wait'), await asked('/wait')];
  while (answering.length < 2) await new Promise(setImmediate);
  const now = performance.now();
  t.mock.method(performance, 'now', () => now + 11_000);
  answering[1]?.write('some');
  await reading.until(/some/);
  stalled.socket.pause();
  // What the network takes of an answer counts as activity.
  answering[1]?.write(Buffer.alloc(1 << 20, 'x'));
  await reading.until(/xxx/);
  while (reading.received.length < 1 << 20) await new Promise(setImmediate);
  await (await asked('/')).until(/answer/);
  stalled.socket.resume();
  await stalled.closed();
  assert.equal(reading.socket.closed, false);
});

async function answering(t: TestContext, options: Partial<HttpServerOptions>, body: Buffer) {
  const closed = Promise.withResolvers<boolean>();
  const server = createHttpServer(
    (_request, response) => {
      response.once('close', () => closed.resolve(response.writableFinished));
      response.end(body);
    },
    { onLimit: () => {}, ...options },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const client = await RawConnection.open(t, (server.address() as AddressInfo).port);
  return { server, client, finished: closed.promise };
}

test('idle connections are kept for more than a minute, and slow clients are not cut', async (t) => {
  const { server } = await answering(t, {}, Buffer.alloc(0));
  assert.ok(server.keepAliveTimeout >= 60_000);
  assert.equal(server.timeout, 60_000);
  assert.equal(server.requestTimeout, 0);
});

test('a client that reads nothing of its answer is cut off', async (t) => {
  const { client, finished } = await answering(t, { sendTimeoutMs: 20 }, Buffer.alloc(64 << 20));
  client.socket.pause();
  client.write(getRequest('/'));
  assert.equal(await finished, false);
});
