import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { createHttpServer, type HttpServerOptions } from '../../../src/server/http/http-server.ts';
import { getRequest, RawConnection } from '../raw-http.ts';

async function served(t: TestContext, options: Partial<HttpServerOptions>, body: Buffer) {
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
  const { server } = await served(t, {}, Buffer.alloc(0));
  assert.ok(server.keepAliveTimeout >= 60_000);
  assert.equal(server.timeout, 60_000);
  assert.equal(server.requestTimeout, 0);
});

test('a client that reads nothing of its answer is cut off', async (t) => {
  const { client, finished } = await served(t, { sendTimeoutMs: 20 }, Buffer.alloc(64 << 20));
  client.socket.pause();
  client.write(getRequest('/'));
  assert.equal(await finished, false);
});
