import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { checkHealth } from '../../src/server/health.ts';

async function serverAnswering(t: TestContext, status: number): Promise<string> {
  const server = createServer((_request, answer) => answer.writeHead(status).end('words'));
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`;
}

test('200 is well', async (t) => {
  await checkHealth(await serverAnswering(t, 200));
});

test('another status is not, and is named', async (t) => {
  await assert.rejects(checkHealth(await serverAnswering(t, 503)), {
    code: 'ERR_NOT_READY',
    message: /\/readyz does not answer 200: 503$/,
  });
});

test('nobody listening is not', async () => {
  await assert.rejects(checkHealth('http://127.0.0.1:1/readyz'), {
    code: 'ERR_NOT_READY',
    message: /ECONNREFUSED/,
  });
});

test('what is no URL is an error with a code like any other', async () => {
  await assert.rejects(checkHealth('localhost'), { code: 'ERR_NOT_READY' });
});
