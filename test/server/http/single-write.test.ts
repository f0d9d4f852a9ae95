import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { collect, freeNow } from '../../../src/base/bytes.ts';
import { writeSingle } from '../../../src/server/http/single-write.ts';
import { until } from '../../support/until.ts';

type Served = { readonly response: IncomingMessage; readonly released: { count: number } };

/** The head of an answer with this body, of which nothing else is read yet. */
async function served(t: TestContext, body: Buffer): Promise<Served> {
  const released = { count: 0 };
  const release = () => {
    released.count += 1;
    freeNow(body);
  };
  const headers = { 'content-length': body.length };
  const server = createServer((_request, response) => {
    assert.ok(writeSingle(response, { status: 200, headers, body, release }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const client = request({ port, host: '127.0.0.1', headers: { connection: 'keep-alive' } }).end();
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  return { response, released };
}

function sample(size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let index = 0; index < size; index++) bytes[index] = index >> 8;
  return bytes;
}

for (const size of [1000, 100_000, 32_000_000]) {
  test(`a body of ${size} bytes is released when it was sent`, async (t) => {
    const body = sample(size);
    const { response, released } = await served(t, body);
    // More than sockets hold.
    if (size > 16_000_000) assert.equal(released.count, 0);
    assert.ok((await collect(response)).equals(sample(size)));
    await until(() => released.count === 1);
    assert.equal(body.length, 0);
  });
}

test('a body that its client does not read to its end is left to the collector', async (t) => {
  const body = sample(32_000_000);
  const { response, released } = await served(t, body);
  response.destroy();
  await once(response, 'close');
  assert.equal(released.count, 0);
  assert.equal(body.length, 32_000_000);
});
