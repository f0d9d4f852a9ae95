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
import { FAST, takeLinksFor } from './links.ts';
import { RawConnection } from './raw-http.ts';
import { archiveFixture, archiveUrl, bareFixture } from './repos.ts';
import { text } from './served.ts';

const MIB = 1024 * 1024;

type Way = {
  readonly port: number;
  readonly lines: string[];
  /** Requests that Node's parser has passed on, by their target. */
  readonly parsed: string[];
};

type Options = { readonly deflateLevel?: number };

/** The server, which writes its lines by hand. */
async function shortWay(t: TestContext, repo: Repository, options: Options = {}): Promise<Way> {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line) };
  const writeRequestLine = formattedLines(output);
  const logger = pino({ level: 'debug' }, output);
  const { app } = await createServer({ repo, logger, writeRequestLine, ...options });
  return listening(t, app, lines);
}

/** The plugin in an app that limits and reads requests as the server does. */
async function longWay(t: TestContext, repo: Repository, options: Options = {}): Promise<Way> {
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => lines.push(line) });
  const app = fastify({
    exposeHeadRoutes: false,
    serverFactory: (handler) => createHttpServer(handler, { onLimit: () => assert.fail() }),
    rewriteUrl: (request) => normaliseTarget(request.url as string),
    clientErrorHandler: refuseUnreadable,
  });
  app.register(mirror, { repo, logger, ...options });
  return listening(t, app, lines);
}

type App = Awaited<ReturnType<typeof createServer>>['app'];

async function listening(t: TestContext, app: App, lines: string[]): Promise<Way> {
  t.after(() => app.close());
  const parsed: string[] = [];
  app.server.prependListener('request', ({ url }) => parsed.push(url ?? ''));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: (app.server.address() as AddressInfo).port, lines, parsed };
}

/** A repository whose config was written just now is opened again for each request; this one was not. */
function later(t: TestContext): void {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
}

type Exchange = { readonly received: string; readonly lines: readonly string[] };

/**
 * All that comes back for these bytes, and for a request behind them if the connection stays open. `first`
 * are requests that are answered before, one after another.
 */
async function exchange(
  t: TestContext,
  { port, lines }: Way,
  request: string,
  first: readonly string[] = [],
): Promise<Exchange> {
  lines.length = 0;
  const logged = () => lines.filter((line) => line.includes('"msg":"request"')).length;
  const connection = await RawConnection.open(t, port);
  for (const [index, one] of first.entries()) {
    connection.write(one);
    await until(() => logged() > index);
    await connection.until(/^HTTP/);
  }
  connection.write(`${request}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const received = await connection.closed();
  const answers = received.match(/^HTTP\/1\.1 \d/gm)?.length ?? 0;
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

const HEAD_OF_CURL =
  'Host: x\r\nUser-Agent: libostree/2022.7\r\nAccept: */*\r\n' +
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n';

/** Requests behind `GET URL` with one Host header, which repeat its head or nearly do. */
const REPEATED: Readonly<Record<string, string>> = {
  'the same': 'GET URL HTTP/1.1\r\nHost: x\r\n\r\n',
  'another object': 'GET OTHER HTTP/1.1\r\nHost: x\r\n\r\n',
  'two in one write': 'GET OTHER HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2),
  'another head': `GET URL HTTP/1.1\r\n${HEAD_OF_CURL}`,
  'of HTTP/1.0': 'GET URL HTTP/1.0\r\nHost: x\r\n\r\n',
  HEAD: 'HEAD URL HTTP/1.1\r\nHost: x\r\n\r\n',
  'behind an empty line': '\r\nGET URL HTTP/1.1\r\nHost: x\r\n\r\n',
  'with a query': 'GET URL?a=b HTTP/1.1\r\nHost: x\r\n\r\n',
  'with more before it': 'GET URL HTTP/1.1\r\nIf-None-Match: *\r\nA: HTTP/1.1\r\nHost: x\r\n\r\n',
  'with a body before it': 'GET URL HTTP/1.1\r\nContent-Length: 2\r\nA: HTTP/1.1\r\nHost: x\r\n\r\nab',
  'of another hidden in it': 'GET URL HTTP/1.1\r\nHost: y\r\n\r\nGET OTHER HTTP/1.1\r\nHost: x\r\n\r\n',
  'for a document': 'GET /repo/config HTTP/1.1\r\nHost: x\r\n\r\n',
};

async function compareRepeated(t: TestContext, repo: Repository, urls: readonly string[]): Promise<void> {
  later(t);
  // Another level may be chosen for each answer.
  const fixed = { deflateLevel: 1 };
  const [short, long] = [await shortWay(t, repo, fixed), await longWay(t, repo, fixed)];
  const both = async (what: string, request: string, first: readonly string[]) => {
    const ours = await exchange(t, short, request, first);
    const theirs = await exchange(t, long, request, first);
    assert.equal(ours.received, theirs.received, what);
    assert.deepEqual(ours.lines, theirs.lines, `log: ${what}`);
  };
  for (const [index, url] of urls.entries()) {
    const other = urls[(index + 1) % urls.length] as string;
    const get = (target: string, head = 'Host: x\r\n\r\n') => `GET ${target} HTTP/1.1\r\n${head}`;
    for (const [name, template] of Object.entries(REPEATED)) {
      const request = template.replaceAll('URL', url).replaceAll('OTHER', other);
      await both(`${name}, ${url} and ${other}`, request, [get(url)]);
    }
    const range = 'Host: x\r\nRange: bytes=2-3\r\n\r\n';
    await both(`ranges of ${url}`, get(url, range), [get(url, range), get(other, range)]);
    const odd = 'Host: x\r\nHost: y\r\n\r\n';
    await both(`after an odd request for ${url}`, '', [get(url, odd)]);
    const curl = [get(url, HEAD_OF_CURL), get(other, HEAD_OF_CURL)];
    await both(`as curl, ${url}`, get(url, HEAD_OF_CURL), curl);
  }
}

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
  const urls = [
    archiveUrl(id),
    `/repo/${loosePath(commit, 'commit')}`,
    put(loosePath(commit, 'commitmeta'), Buffer.from('signatures')),
    put(loosePath(repeatedChecksum('a'), 'filez'), randomBytes(20_000)),
    put(loosePath(repeatedChecksum('b'), 'filez'), randomBytes(MIB)),
    put(loosePath(repeatedChecksum('c'), 'filez'), Buffer.alloc(0)),
    put(loosePath(repeatedChecksum('d'), 'dirtree'), Buffer.from('corrupt')),
  ];
  await compare(t, repo, urls);
  await compareRepeated(t, repo, urls);
});

test('requests that repeat a head are parsed only if their answer is not short', async (t) => {
  const { path, repo, commit } = await archiveFixture(t);
  const large = loosePath(repeatedChecksum('b'), 'filez');
  mkdirSync(dirname(join(path, large)), { recursive: true });
  writeFileSync(join(path, large), randomBytes(MIB));
  later(t);
  const { port, parsed } = await shortWay(t, repo);
  const connection = await RawConnection.open(t, port);
  const paths = [loosePath(commit, 'commit'), `objects/${'0'.repeat(2)}/${'0'.repeat(62)}.filez`, large];
  const [short, missing, long] = paths.map((name) => `/repo/${name}`) as [string, string, string];
  for (const [index, url] of [short, short, missing, short, long, short].entries()) {
    connection.write(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(() => (connection.received.match(/HTTP\/1\.1 \d/g)?.length ?? 0) > index);
    if (url === long) await until(() => connection.received.length > MIB);
  }
  assert.deepEqual(parsed, [short, missing, long]);
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
  takeLinksFor(t, FAST);
  const bare = bareFixture(t);
  const ids = [bare.file(''), bare.file('small'), bare.file(text(200_000)), bare.symlink('target')];
  const urls = [...ids, bare.file(text(2 * MIB))].map(archiveUrl);
  await compare(t, await bare.open(), urls);
  await compareRepeated(t, await bare.open(), urls);
});
