import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { RepeatedHead } from '../../../src/server/http/repeated-head.ts';
import { RawConnection } from '../raw-http.ts';

/** The request as Node parses it. */
async function parsed(t: TestContext, text: string): Promise<IncomingMessage> {
  const server = createServer((_request, response) => response.end());
  const requested = once(server, 'request');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  (await RawConnection.open(t, (server.address() as AddressInfo).port)).write(text);
  const [request] = await requested;
  return request;
}

async function headOf(t: TestContext, text: string): Promise<RepeatedHead | undefined> {
  return RepeatedHead.of(Buffer.from(text), await parsed(t, text));
}

const TEXT = 'GET /first HTTP/1.1\r\nHost: x\r\nUser-Agent: libostree\r\n\r\n';

test('a head that differs in its target is a request with the headers of the first', async (t) => {
  const head = await headOf(t, TEXT);
  const request = head?.repeatedBy(Buffer.from(TEXT.replace('/first', '/of/another/length')));
  assert.equal(request?.url, '/of/another/length');
  assert.equal(request?.method, 'GET');
  assert.equal(request?.headers['user-agent'], 'libostree');
});

test('a head that differs in anything else, or has something behind it, is not', async (t) => {
  const head = await headOf(t, TEXT);
  const others = [
    TEXT.replace('GET', 'HEAD'),
    TEXT.replace('GET', 'get'),
    TEXT.replace('1.1', '1.0'),
    TEXT.replace('x', 'y'),
    TEXT.replace('libostree', 'curl'),
    TEXT.slice(0, -1),
    `${TEXT}GET`,
    ` ${TEXT}`,
    'GET  HTTP/1.1\r\n\r\n',
    '',
  ];
  for (const other of others) assert.equal(head?.repeatedBy(Buffer.from(other)), undefined, other);
});

test('some heads are parsed each time', async (t) => {
  const heads = {
    'another method': TEXT.replace('GET', 'HEAD'),
    'an older protocol': TEXT.replace('1.1', '1.0'),
    'an expectation': TEXT.replace('User-Agent: libostree', 'Expect: 100-continue'),
    'two hosts': TEXT.replace('User-Agent', 'Host'),
    'a length': TEXT.replace('User-Agent: libostree', 'Content-Length: 0'),
    'a long head': TEXT.replace('libostree', 'x'.repeat(3000)),
    'another start': `\r\n${TEXT}`,
  };
  for (const [what, text] of Object.entries(heads)) assert.equal(await headOf(t, text), undefined, what);
});
