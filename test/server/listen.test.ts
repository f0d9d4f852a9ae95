import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import test, { type TestContext } from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { VERSION } from '../../src/base/version.ts';
import { parseListenAddress, type ServeOptions, serve } from '../../src/server/listen.ts';
import { coded } from '../support/expect.ts';
import { archiveFixture, archiveUrl, bareFixture } from './repos.ts';

async function started(t: TestContext, options: Partial<ServeOptions> = {}) {
  const { repo } = options.repo === undefined ? await archiveFixture(t) : { repo: options.repo };
  const lines: string[] = [];
  const logTo = { write: (line: string) => lines.push(line) };
  const server = await serve({ repo, listen: '127.0.0.1:0', logTo, ...options });
  t.after(() => server.stop());
  return { ...server, lines, origin: `http://127.0.0.1:${server.port}` };
}

test('listen addresses', () => {
  const any = undefined;
  assert.deepEqual(parseListenAddress('8080'), { host: any, port: 8080 });
  assert.deepEqual(parseListenAddress(':8080'), { host: any, port: 8080 });
  assert.deepEqual(parseListenAddress('127.0.0.1:80'), { host: '127.0.0.1', port: 80 });
  assert.deepEqual(parseListenAddress('localhost:0'), { host: 'localhost', port: 0 });
  assert.deepEqual(parseListenAddress('[::]:8080'), { host: '::', port: 8080 });
  for (const text of [
    '',
    'x',
    '127.0.0.1',
    '::1:80',
    '80:',
    '65536',
    '-1',
    'a b:80',
    '127.0.0.1:80:90',
    '[x]:80',
  ]) {
    assert.throws(() => parseListenAddress(text), coded('ERR_USAGE', JSON.stringify(text)));
  }
});

test('a port in use is one coded line', async (t) => {
  const taken = createTcpServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { repo } = await archiveFixture(t);
  const starting = serve({ repo, listen: `127.0.0.1:${port}`, logLevel: 'silent' });
  await assert.rejects(starting, coded('ERR_LISTEN', `127.0.0.1:${port}`, '--listen'));
});

test('an address of another machine is one coded line', async (t) => {
  const { repo } = await archiveFixture(t);
  await assert.rejects(
    serve({ repo, listen: '192.0.2.1:0', logLevel: 'silent' }),
    coded('ERR_LISTEN', '192.0.2.1'),
  );
});

test('the health check names the version', async (t) => {
  const { origin } = await started(t);
  assert.equal(await (await fetch(`${origin}/healthz`)).text(), `ok\ntreeport ${VERSION}\n`);
});

test('without an address every one of the machine answers', async (t) => {
  const { port } = await started(t, { listen: '0' });
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
});

test('the log has a line for each request, but none for what clients only probe', async (t) => {
  const { origin, lines, stop } = await started(t);
  await fetch(`${origin}/repo/config`);
  await fetch(`${origin}/repo/summary.sig`);
  await stop();
  const requests = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
  assert.deepEqual(
    requests.map(({ method, url, status }) => [method, url, status]),
    [['GET', '/repo/config', 200]],
  );
  const first = JSON.parse(lines[0] ?? '');
  assert.equal(first.msg, `treeport ${VERSION} listens at ${origin}`);
  const serving = lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === `serving on ${origin}`);
  assert.equal(serving.version, VERSION);
  const last = JSON.parse(lines.at(-1) ?? '');
  assert.equal(last.msg, 'stopped');
  assert.equal(last.counters.requests, 2);
  assert.ok(last.counters.bytes > 100);
});

test('at level warn requests are not logged', async (t) => {
  const { origin, lines } = await started(t, { logLevel: 'warn' });
  await fetch(`${origin}/repo/config`);
  assert.deepEqual(lines, []);
});

test('going down: running answers end, idle connections are closed, nothing new is taken', async (t) => {
  const bare = bareFixture(t);
  const id = bare.file(Buffer.alloc(40 << 20, 'treeport'.repeat(99)));
  const { origin, stop } = await started(t, { repo: await bare.open() });
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const idle = await ask(`${origin}/healthz`, agent);
  await collect(idle);
  const running = await ask(origin + archiveUrl(id), agent);
  const stopping = stop();
  assert.equal(stop(), stopping, 'a second call waits for the same');
  await assert.rejects(fetch(`${origin}/healthz`));
  assert.ok((await collect(running)).length > 10_000);
  await stopping;
});

test('before it goes down it is not ready, but serves, also on new connections', async (t) => {
  const { origin, stop, lines } = await started(t, { drainDelayMs: 3_600_000 });
  const stopping = stop();
  assert.equal((await fetch(`${origin}/readyz`)).status, 503);
  for (const path of ['/healthz', '/repo/config']) {
    await collect(await ask(origin + path, new Agent({ keepAlive: false })));
    assert.equal((await fetch(origin + path)).status, 200, path);
  }
  assert.ok(lines.some((line) => line.includes('still serving for 3600 s')));
  assert.equal(stop({ atOnce: true }), stopping, 'a call in a hurry ends the delay');
  await stopping;
  await assert.rejects(fetch(`${origin}/healthz`));
});

test('the delay passes by itself', async (t) => {
  const { origin, stop } = await started(t, { drainDelayMs: 1 });
  await stop();
  await assert.rejects(fetch(`${origin}/healthz`));
});

test('going down does not wait for ever', async (t) => {
  const bare = bareFixture(t);
  const noise = Buffer.from(Array.from({ length: 8 << 20 }, (_, index) => (index * index * 31) >> 5));
  const id = bare.file(noise);
  const { origin, stop, lines } = await started(t, { repo: await bare.open(), finishMs: 50 });
  const stalled = await ask(origin + archiveUrl(id));
  stalled.on('error', () => {});
  await stop();
  assert.ok(lines.some((line) => line.includes('shutdown deadline reached')));
});

function ask(url: string, agent?: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, agent === undefined ? {} : { agent }, resolve).on('error', reject);
  });
}
