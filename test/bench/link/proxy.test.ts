import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { startProxy } from '../../../bench/link/proxy.ts';

const BODY = Buffer.alloc(300_000, 'treeport');

test('many connections carry requests and answers, and close() ends them', async () => {
  const server = createServer((request, response) => response.end(request.url === '/body' ? BODY : 'no'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startProxy({ bytesPerSecond: 1e9, delayMs: 1 }, (server.address() as AddressInfo).port);
  const get = async () =>
    Buffer.from(await (await fetch(`http://127.0.0.1:${proxy.port}/body`)).arrayBuffer());
  const bodies = await Promise.all(Array.from({ length: 20 }, get));
  assert.ok(bodies.every((body) => body.equals(BODY)));
  const { up, down } = proxy.delivered();
  assert.ok(down > 20 * BODY.length && up > 0 && up < down);
  await proxy.close();
  server.closeAllConnections();
  server.close();
});
