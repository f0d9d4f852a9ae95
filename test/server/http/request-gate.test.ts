import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { type HeldBytes, RequestGate } from '../../../src/server/http/request-gate.ts';
import { getRequest, RawConnection } from '../raw-http.ts';

type Exchange = { readonly url: string; readonly response: ServerResponse };

/** A server that leaves it to the test when requests are answered. */
class Served {
  readonly seen: string[] = [];
  readonly open: Exchange[] = [];
  readonly budget: HeldBytes;
  readonly gates: RequestGate[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.budget = { held: 0, limit };
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.seen.push(request.url as string);
    this.open.push({ url: request.url as string, response });
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Answers requests as they come until `count` have been answered. */
  async answer(count: number): Promise<void> {
    for (let answered = 0; answered < count; answered++) {
      while (this.open.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      const { url, response } = this.open.shift() as Exchange;
      response.end(`<${url}>`);
    }
  }
}

async function served(t: TestContext, limit = Number.POSITIVE_INFINITY) {
  const state = new Served(limit);
  const server = createServer((request, response) => {
    state.gates[0]?.begin(request, response);
    state.handle(request, response);
  });
  server.on('connection', (socket) => state.gates.push(new RequestGate(socket, state.budget)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const client = await RawConnection.open(t, (server.address() as AddressInfo).port);
  return { state, client };
}

test('of pipelined requests the next one is parsed when the answer before it has gone', async (t) => {
  const { state, client } = await served(t);
  client.write(getRequest('/1') + getRequest('/2') + getRequest('/3'));
  await state.answer(1);
  await client.until(/<\/1>/);
  assert.ok(!state.seen.includes('/3'));
  await state.answer(2);
  await client.until(/<\/1>.*<\/2>.*<\/3>/s);
  assert.equal(state.budget.held, 0);
});

test('a request that comes while an answer is under way waits', async (t) => {
  const { state, client } = await served(t);
  client.write(getRequest('/1'));
  while (state.open.length === 0) await new Promise(setImmediate);
  client.write(getRequest('/2'));
  while (state.budget.held === 0) await new Promise(setImmediate);
  assert.deepEqual(state.seen, ['/1']);
  await state.answer(2);
  await client.until(/<\/2>/);
});

test('requests may be cut anywhere', async (t) => {
  const { state, client } = await served(t);
  const text = `\r\n${getRequest('/1')}\r\n\r\n\r\n${getRequest('/2', 'A: \r\nB: \rC\r\n').replace('\rC', 'C')}${getRequest('/3')}`;
  client.socket.setNoDelay(true);
  const answering = state.answer(3);
  for (const char of text) {
    client.write(char);
    await new Promise(setImmediate);
  }
  await answering;
  await client.until(/<\/3>/);
  assert.deepEqual(state.seen, ['/1', '/2', '/3']);
});

test('ends of heads are found wherever two reads meet', async (t) => {
  const { state, client } = await served(t);
  const text = getRequest('/1') + getRequest('/2');
  client.socket.setNoDelay(true);
  for (let cut = 1; cut < text.length; cut++) {
    const answering = state.answer(2);
    client.received = '';
    client.write(text.slice(0, cut));
    await new Promise(setImmediate);
    client.write(text.slice(cut));
    await answering;
    await client.until(/<\/2>/);
  }
  assert.equal(state.seen.length, 2 * (text.length - 1));
});

test("a request behind curl's offer to upgrade is answered as well", async (t) => {
  const { state, client } = await served(t);
  const upgrade =
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
  client.write(getRequest('/1', upgrade) + getRequest('/2'));
  await state.answer(2);
  await client.until(/<\/1>.*<\/2>/s);
});

test('a request with a body is the last one of its connection', async (t) => {
  for (const body of ['Content-Length: 40\r\n', 'Transfer-Encoding: chunked\r\n']) {
    const { state, client } = await served(t);
    client.write(getRequest('/1', body) + getRequest('/2'));
    await state.answer(1);
    assert.match(await client.closed(), /connection: close.*<\/1>/is);
    assert.deepEqual(state.seen, ['/1']);
  }
});

test('a client that sends and does not read is held back: one read is kept, the rest stays with it', async (t) => {
  const { state, client } = await served(t);
  client.write(getRequest('/1'));
  while (state.open.length === 0) await new Promise(setImmediate);
  const flood = getRequest('/flood').repeat(1000);
  const all = 64 * 1024 * 1024;
  for (let sent = 0; sent < all; sent += flood.length) client.write(flood);
  while (state.budget.held === 0) await new Promise(setImmediate);
  for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
  assert.ok(state.budget.held <= 4 * 64 * 1024, `${state.budget.held} bytes held`);
  assert.ok(client.socket.writableLength > all / 2, 'most has not left the client');
  assert.deepEqual(state.seen, ['/1']);
  state.gates[0]?.close();
  while (state.budget.held > 0) await new Promise(setImmediate);
});

test('beyond what all connections may hold together, one that holds more is closed', async (t) => {
  const { state, client } = await served(t, 1000);
  client.write(getRequest('/1') + getRequest('/2').repeat(100));
  await client.closed();
  while (state.budget.held > 0) await new Promise(setImmediate);
});
