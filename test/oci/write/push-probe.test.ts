/** A registry that only knows uploads, with the fault of each test. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import { probePush } from '../../../src/oci/write/push-probe.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';

const skip = unlessInstalled('skopeo');

type Place = { readonly name: string; readonly requests: readonly string[] };

async function registry(
  t: TestContext,
  upload: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Place> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.method ?? '');
    if (request.url === '/v2/') response.end('{}');
    else if (request.method === 'HEAD') response.writeHead(404).end();
    else upload(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { name: `docker://127.0.0.1:${(server.address() as AddressInfo).port}/os:1`, requests };
}

function probe(name: string, stallTimeout?: number): Promise<void> {
  const limit = stallTimeout === undefined ? {} : { stallTimeout };
  return probePush(parseImageReference(name), { insecureTls: true, ...limit });
}

test('a registry that takes uploads is one to push to, and gets no manifest', { skip }, async (t) => {
  const { name, requests } = await registry(t, (request, response) => {
    if (request.method === 'POST') response.writeHead(202, { location: '/v2/os/blobs/uploads/1' }).end();
    else request.resume().once('end', () => response.writeHead(202, { location: request.url }).end());
  });
  await probe(name);
  assert.ok(requests.includes('POST'));
  assert.ok(!requests.includes('PUT'));
});

test('a registry that refuses uploads is none, although it answers', { skip }, async (t) => {
  const denied = JSON.stringify({ errors: [{ code: 'DENIED', message: 'requested access is denied' }] });
  const { name } = await registry(t, (_, response) => {
    response.writeHead(403, { 'content-type': 'application/json' }).end(denied);
  });
  await assert.rejects(probe(name), coded('ERR_REGISTRY_AUTH', name, 'podman login', '--creds-file'));
});

test('a registry that is silent is waited for up to the limit', { skip }, async (t) => {
  const { name } = await registry(t, () => {});
  await assert.rejects(probe(name, 0.5), coded('ERR_REGISTRY_UNREACHABLE', name, '0.5 s', '--stall-timeout'));
});

test('nothing is built for a registry that is not there', { skip }, async (t) => {
  const { name } = await registry(t, () => {});
  const gone = name.replace(/:\d+\//, ':1/');
  const before = await readdir('/var/tmp');
  const built = { count: 0 };
  const build = async () => {
    built.count += 1;
    throw new Error('built');
  };
  const fault = coded('ERR_REGISTRY_UNREACHABLE', gone, 'connection refused');
  await assert.rejects(publishImage(parseImageReference(gone), build), (error: Error) => {
    assert.doesNotMatch(error.message, /sha256:|\/var\/tmp/);
    return fault(error);
  });
  assert.equal(built.count, 0);
  assert.deepEqual(
    (await readdir('/var/tmp')).filter((each) => !before.includes(each)),
    [],
  );
});
