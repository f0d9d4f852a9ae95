/**
 * The short way of objects and the way through Fastify give the same answers, bit for bit: status, headers in
 * their order, body, and line in the log.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fastify from 'fastify';
import { pino } from 'pino';
import { loosePath } from '../../src/ostree/object-name.ts';
import type { Repository } from '../../src/ostree/repo/open.ts';
import { createServer } from '../../src/server/app.ts';
import { createHttpServer } from '../../src/server/http/http-server.ts';
import { normaliseTarget, refuseUnreadable } from '../../src/server/http/request-checks.ts';
import { formattedLines } from '../../src/server/http/request-log.ts';
import { mirror } from '../../src/server/mirror.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { fixtureObject } from '../support/ostree-fixture.ts';
import { until } from '../support/until.ts';
import { RawConnection } from './raw-http.ts';
import { archiveFixture, archiveUrl, bareFixture } from './repos.ts';
import { text } from './served.ts';

const MIB = 1024 * 1024;

type Way = { readonly port: number; readonly lines: string[] };

/** The server, which writes its lines by hand. */
async function shortWay(t: TestContext, repo: Repository): Promise<Way> {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line) };
  const writeRequestLine = formattedLines(output);
  const { app } = await createServer({ repo, logger: pino({ level: 'debug' }, output), writeRequestLine });
  return { port: await listening(t, app), lines };
}

/** The plugin in an app that limits and reads requests as the server does. */
async function longWay(t: TestContext, repo: Repository): Promise<Way> {
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => lines.push(line) });
  const app = fastify({
    exposeHeadRoutes: false,
    serverFactory: (handler) => createHttpServer(handler, { onLimit: () => assert.fail() }),
    rewriteUrl: (request) => normaliseTarget(request.url as string),
    clientErrorHandler: refuseUnreadable,
  });
  app.register(mirror, { repo, logger });
  return { port: await listening(t, app), lines };
}

async function listening(t: TestContext, app: Awaited<ReturnType<typeof createServer>>['app']) {
  t.after(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}

type Exchange = { readonly received: string; readonly lines: readonly string[] };

/** All that comes back for these bytes, and for a request behind them if the connection stays open. */
async function exchange(t: TestContext, { port, lines }: Way, request: string): Promise<Exchange> {
  lines.length = 0;
  const connection = await RawConnection.open(t, port);
  connection.write(`${request}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const received = await connection.closed();
  const answers = received.match(/^HTTP\/1\.1 \d/gm)?.length ?? 0;
  const logged = () => lines.filter((line) => line.includes('"msg":"request"')).length;
  await until(() => logged() >= answers);
  return {
    received: received.replaceAll(/^Date: .*$/gm, 'Date:'),
    lines: lines.map((line) => line.replace(/"time":\d+/, '"time":0').replace(/"ms":[\d.]+/, '"ms":0')),
  };
}

/** Requests for one object: `URL` and `TAG` stand for its URL and entity tag. */
const REQUESTS: Readonly<Record<string, string>> = {
  GET: 'GET URL HTTP/1.1\r\nHost: x\r\n\r\n',
  HEAD: 'HEAD URL HTTP/1.1\r\nHost: x\r\n\r\n',
  'of curl':
    'GET URL HTTP/1.1\r\nHost: x\r\nUser-Agent: libostree/2022.7\r\nAccept: */*\r\n' +
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
  'with its tag': 'GET URL HTTP/1.1\r\nHost: x\r\nIf-None-Match: TAG\r\n\r\n',
  'with another tag': 'GET URL HTTP/1.1\r\nHost: x\r\nIf-None-Match: "other"\r\n\r\n',
  'HEAD with its tag': 'HEAD URL HTTP/1.1\r\nHost: x\r\nIf-None-Match: TAG\r\n\r\n',
  'with a date': 'GET URL HTTP/1.1\r\nHost: x\r\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n',
  'for a range': 'GET URL HTTP/1.1\r\nHost: x\r\nRange: bytes=5-9\r\nIf-Range: TAG\r\n\r\n',
  'for the last bytes': 'GET URL HTTP/1.1\r\nHost: x\r\nRange: bytes=-4\r\n\r\n',
  'for a range of another': 'GET URL HTTP/1.1\r\nHost: x\r\nRange: bytes=5-9\r\nIf-Range: "other"\r\n\r\n',
  'for a range behind the end': 'GET URL HTTP/1.1\r\nHost: x\r\nRange: bytes=99999999-\r\n\r\n',
  'HEAD with a range': 'HEAD URL HTTP/1.1\r\nHost: x\r\nRange: bytes=5-9\r\n\r\n',
  'that closes': 'GET URL HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'of HTTP/1.0': 'GET URL HTTP/1.0\r\n\r\n',
  'of HTTP/1.0 that stays': 'GET URL HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'with a query': 'GET URL?a=b HTTP/1.1\r\nHost: x\r\n\r\n',
  'with doubled slashes': 'GET /URL HTTP/1.1\r\nHost: x\r\n\r\n',
  'in absolute form': 'GET http://xURL HTTP/1.1\r\nHost: x\r\n\r\n',
  'of an odd agent': 'GET URL HTTP/1.1\r\nHost: x\r\nUser-Agent: "a\\b" \xe4\t\x80\r\n\r\n',
  'of no agent': 'GET URL HTTP/1.1\r\nHost: x\r\nUser-Agent:\r\n\r\n',
  'with two hosts': 'GET URL HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
  'with an empty body': 'GET URL HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
  'with a body': 'GET URL HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab',
  'of another method': 'POST URL HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
  pipelined: 'GET URL HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3),
};

async function compare(t: TestContext, repo: Repository, urls: readonly string[]): Promise<void> {
  const [short, long] = [await shortWay(t, repo), await longWay(t, repo)];
  for (const url of urls) {
    const first = await exchange(t, short, `HEAD ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const tag = /^etag: (.*)\r$/m.exec(first.received)?.[1] ?? '"none"';
    for (const [name, template] of Object.entries(REQUESTS)) {
      const request = template.replaceAll('URL', url).replaceAll('TAG', tag);
      const [ours, theirs] = [await exchange(t, short, request), await exchange(t, long, request)];
      assert.equal(ours.received, theirs.received, `request ${name} for ${url}`);
      assert.deepEqual(ours.lines, theirs.lines, `log of request ${name} for ${url}`);
      assert.notEqual(ours.received, '');
    }
  }
}

test('files of an archive repository and metadata', async (t) => {
  const { path, repo, commit } = await archiveFixture(t);
  const put = (name: string, bytes: Buffer) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), bytes);
    return `/repo/${name}`;
  };
  const id = fixtureObject('/usr/bin/bash');
  await compare(t, repo, [
    archiveUrl(id),
    `/repo/${loosePath(commit, 'commit')}`,
    put(loosePath(commit, 'commitmeta'), Buffer.from('signatures')),
    put(loosePath(repeatedChecksum('a'), 'filez'), randomBytes(20_000)),
    put(loosePath(repeatedChecksum('b'), 'filez'), randomBytes(MIB)),
    put(loosePath(repeatedChecksum('c'), 'filez'), Buffer.alloc(0)),
    put(loosePath(repeatedChecksum('d'), 'dirtree'), Buffer.from('corrupt')),
  ]);
});

test('objects that are missing, and what is no object', async (t) => {
  const { repo } = await archiveFixture(t);
  const missing = loosePath(repeatedChecksum('e'), 'filez');
  await compare(t, repo, [
    `/repo/${missing}`,
    `/repo/${loosePath(repeatedChecksum('e'), 'commitmeta')}`,
    `/repo/${missing.toUpperCase()}`,
    `/repo/${missing.replace('.filez', '%2efilez')}`,
    '/repo/objects/',
    '/repo/objects/../config',
    '/repo/config',
    '/nowhere',
  ]);
});

test('objects that are encoded on demand', async (t) => {
  const bare = bareFixture(t);
  const ids = [bare.file(''), bare.file('small'), bare.file(text(200_000)), bare.symlink('target')];
  await compare(t, await bare.open(), [...ids, bare.file(text(2 * MIB))].map(archiveUrl));
});
