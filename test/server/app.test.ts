import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import request from 'supertest';
import { deltaDirectory } from '../../src/ostree/delta-name.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { createServer } from '../../src/server/app.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';
import { FIXTURE_REF, fixtureObject } from '../support/ostree-fixture.ts';
import { archiveFixture, archiveUrl, bareFixture } from './repos.ts';

async function served(t: TestContext, options: Partial<ServerOptions> = {}) {
  const fixture = await archiveFixture(t);
  const server = await createServer({ repo: fixture.repo, ...options });
  t.after(() => server.app.close());
  return { ...fixture, ...server };
}

test("the config is generated: archive mode, and nothing of the repository's remotes or parent", async (t) => {
  const { app, path } = await served(t);
  writeFileSync(
    join(path, 'config'),
    '[core]\nmode=archive\n[remote "secret"]\nurl=http://user:password@host/\n',
  );
  const answer = await app.inject('/repo/config');
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.body, '[core]\nrepo_version=1\nmode=archive-z2\nindexed-deltas=true\n');
});

test('HEAD has the headers of GET and no body', async (t) => {
  const { app, commit } = await served(t);
  const paths = [
    'config',
    'summary',
    `refs/heads/${FIXTURE_REF}`,
    loosePath(commit, 'commit'),
    'summary.sig',
  ];
  for (const path of [...paths.map((name) => `/repo/${name}`), '/', '/healthz', '/readyz', '/nowhere']) {
    const [get, head] = [await app.inject(path), await app.inject({ method: 'HEAD', url: path })];
    assert.equal(head.statusCode, get.statusCode, path);
    assert.equal(head.body, '', path);
    const headers = ({ date: _, ...rest }: typeof get.headers) => rest;
    assert.deepEqual(headers(head.headers), headers(get.headers), path);
    assert.equal(Number(get.headers['content-length']), get.rawPayload.length, path);
  }
});

test('every answer can be revalidated by its tag', async (t) => {
  const { app, commit } = await served(t);
  for (const path of ['config', 'summary', `refs/heads/${FIXTURE_REF}`, loosePath(commit, 'commit')]) {
    const { headers } = await app.inject(`/repo/${path}`);
    const again = await app.inject({
      url: `/repo/${path}`,
      headers: { 'if-none-match': String(headers.etag) },
    });
    assert.match(String(headers.etag), /^"[^"]+"$/, path);
    assert.equal(again.statusCode, 304, path);
    assert.equal(again.body, '');
    assert.equal(again.headers.etag, headers.etag);
    assert.equal(again.headers['cache-control'], headers['cache-control']);
    const other = await app.inject({ url: `/repo/${path}`, headers: { 'if-none-match': '"other"' } });
    assert.equal(other.statusCode, 200, path);
  }
});

test('an object that was cut off is resumed by a range, under the same tag', async (t) => {
  const { app, commit } = await served(t);
  for (const name of [loosePath(commit, 'commit'), loosePath(fixtureObject('/usr/bin/bash'), 'filez')]) {
    const url = `/repo/${name}`;
    const whole = await app.inject(url);
    assert.equal(whole.statusCode, 200);
    assert.equal(whole.headers['accept-ranges'], 'bytes');
    assert.equal(whole.headers['content-encoding'], undefined);
    const headers = { range: 'bytes=10-', 'if-range': String(whole.headers.etag) };
    const rest = await app.inject({ url, headers });
    assert.equal(rest.statusCode, 206);
    assert.deepEqual(rest.rawPayload, whole.rawPayload.subarray(10));
    assert.equal(rest.headers.etag, whole.headers.etag);
    assert.equal(rest.headers['content-encoding'], undefined);
  }
});

test('a range of an object that is encoded on demand is not honoured, and none is offered', async (t) => {
  const bare = bareFixture(t);
  const id = bare.file('encoded on demand');
  const { app } = await createServer({ repo: await bare.open() });
  t.after(() => app.close());
  const answer = await app.inject({ url: archiveUrl(id), headers: { range: 'bytes=0-9' } });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['accept-ranges'], 'none');
  assert.equal(answer.headers['content-encoding'], undefined);
});

test('how long answers may be kept', async (t) => {
  const { app, path, commit } = await served(t);
  writeFileSync(join(path, loosePath(commit, 'commitmeta')), '');
  const delta = deltaDirectory({ from: undefined, to: commit });
  mkdirSync(join(path, delta), { recursive: true });
  for (const file of ['superblock', '0']) writeFileSync(join(path, delta, file), 'delta');
  const immutable = 'public, max-age=31536000, immutable';
  const expected = {
    summary: 'no-cache',
    config: 'public, max-age=10',
    [`refs/heads/${FIXTURE_REF}`]: 'public, max-age=10',
    [loosePath(commit, 'commit')]: immutable,
    [loosePath(commit, 'commitmeta')]: 'public, max-age=10',
    [`${delta}/superblock`]: 'public, max-age=10',
    [`${delta}/0`]: 'no-cache',
    'summary.sig': 'no-cache',
    [loosePath(repeatedChecksum('0'), 'commitmeta')]: 'no-cache',
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal((await app.inject(`/repo/${name}`)).headers['cache-control'], value, name);
  }
});

test('what is not there, or is no name of ours, is a 404 without a body', async (t) => {
  const { app, path } = await served(t);
  const { port } = await listening(app);
  writeFileSync(join(path, 'secret'), 'secret');
  const paths = [
    '/repo/secret',
    '/repo/summary.sig',
    '/repo/./config',
    '/repo/refs/../config',
    '/repo/%2e%2e/config',
    '/repo/refs/heads/%2e%2e/%2e%2e/config',
    '/repo/config%00',
    '/repo/%zz',
    '/repo/%ff',
    '/%72epo/config',
    '/repo/refs/heads/exampleos',
    `/repo/refs/heads/${FIXTURE_REF}/below`,
    `/repo/refs/heads/${'x'.repeat(300)}`,
    `/repo/objects/${'A'.repeat(2)}/${'A'.repeat(62)}.filez`,
    `/repo/${'a/'.repeat(2000)}`,
    '/assets/../app.ts',
    '/assets/%2e%2e/app.ts',
    '/assets/',
  ];
  for (const target of paths) {
    const text = await rawRequest(port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const [head = '', body = ''] = text.split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 404 /, target);
    assert.equal(body, '', target);
    assert.ok(!text.includes('secret'), target);
  }
});

test('a request that cannot be read is refused without a body', async (t) => {
  const { port } = await listening((await served(t)).app);
  for (const [request, status] of [
    ['GARBAGE\r\n\r\n', 400],
    [`GET /repo/config HTTP/1.1\r\nHost: x\r\nLong: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ] as const) {
    const text = await rawRequest(port, request);
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
    assert.ok(text.endsWith('\r\n\r\n'), text);
  }
});

test('other methods are 405 and told what is allowed', async (t) => {
  const { app } = await served(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const) {
    for (const url of ['/repo/config', '/nowhere', '/']) {
      const answer = await app.inject({ method, url, headers: { 'content-type': 'x/y' }, payload: 'body' });
      assert.equal(answer.statusCode, 405, `${method} ${url}`);
      assert.equal(answer.headers.allow, 'GET, HEAD');
    }
  }
});

test("curl's offer to upgrade to HTTP/2 is passed over", async (t) => {
  const { app } = await served(t);
  const { port } = await listening(app);
  const upgrade =
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  // One after the other on one connection, as curl does.
  for (let count = 0; count < 3; count++) {
    socket.write(`GET /repo/config HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n${upgrade}\r\n`);
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 200 OK\r\n.*mode=archive-z2/s);
  }
  assert.equal(app.server.listenerCount('upgrade'), 0);
});

test('a request for the absolute form, or with doubled slashes, is what it means', async (t) => {
  const { app } = await served(t);
  const { port } = await listening(app);
  for (const target of [
    'http://x/repo/config',
    '/repo//config',
    '//repo/config',
    'http://x//repo/config?a',
  ]) {
    const text = await rawRequest(port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(text, /^HTTP\/1\.1 200 .*mode=archive-z2/s, target);
  }
});

test('two Host headers are refused', async (t) => {
  const { app } = await served(t);
  const { port } = await listening(app);
  for (const second of ['Host: x', 'HOST: y']) {
    const text = await rawRequest(port, `GET /repo/config HTTP/1.1\r\nHost: x\r\n${second}\r\n\r\n`);
    assert.match(text, /^HTTP\/1\.1 400 .*connection: close.*\r\n\r\n$/is);
  }
});

test('pipelined requests are all answered, in order', async (t) => {
  const { app } = await served(t);
  const { port } = await listening(app);
  const one = 'GET /repo/config HTTP/1.1\r\nHost: x\r\n';
  const text = await rawRequest(port, `${`${one}\r\n`.repeat(50)}${one}Connection: close\r\n\r\n`);
  assert.equal(text.match(/^HTTP\/1\.1 200 /gm)?.length, 51);
});

test("a base path of one's own, and none", async (t) => {
  for (const [basePath, url] of [
    ['/os/stable', '/os/stable/config'],
    ['/os/', '/os/config'],
    ['/', '/config'],
  ] as const) {
    const { app } = await served(t, { basePath });
    assert.equal((await app.inject(url)).statusCode, 200, basePath);
    assert.equal((await app.inject('/repo/config')).statusCode, 404);
    assert.equal((await app.inject('/healthz')).statusCode, 200);
  }
  const { repo } = await archiveFixture(t);
  await assert.rejects(createServer({ repo, basePath: 'repo' }), coded('ERR_USAGE', '"repo"'));
  await assert.rejects(createServer({ repo, basePath: '/a/../b' }), coded('ERR_USAGE'));
});

test('ready while the repository can be read and the server is not going down', async (t) => {
  const { app, startDraining } = await served(t);
  const server = app.server;
  await app.listen({ port: 0 });
  await request(server).get('/readyz').expect(200, 'ready\n');
  startDraining();
  await request(server).get('/readyz').expect(503);
  await request(server).get('/healthz').expect(200);
  await request(server).get('/repo/config').expect(200);
});

async function listening(app: Awaited<ReturnType<typeof createServer>>['app']) {
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server.address() as { port: number };
}

/** Sends bytes as they are, and gives everything that comes back. */
function rawRequest(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('end', () => resolve(Buffer.concat(parts).toString('latin1')));
    socket.on('error', reject);
  });
}
