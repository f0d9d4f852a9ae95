/**
 * What a server does when clients send without reading, when nobody reads its log, and when it is told to end
 * meanwhile.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { encoderId } from '../../src/ostree/verified-filez.ts';
import { getRequest, RawConnection } from '../server/raw-http.ts';
import { BareFixture } from '../server/repos.ts';
import { freePort } from '../support/free-port.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';
import { eventually } from './support/processes.ts';
import { environment, TREEPORT } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const timeout = 120_000;
const MIB = 1024 * 1024;

/** Starts a server whose standard output nobody reads. */
async function serveUnread(t: TestContext, repo: string) {
  const port = await freePort();
  const [program = '', ...rest] = [...TREEPORT, 'serve', '--repo', repo, '--listen', `127.0.0.1:${port}`];
  const child = spawn(program, rest, { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  atEnd(t, async () => {
    child.kill('SIGKILL');
    child.stdout.resume();
    await ended;
  });
  await eventually(
    'it answers',
    async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok || undefined,
  );
  return { port, child };
}

test('a log that nobody reads holds up neither answers nor the end', { timeout }, async (t) => {
  const { path } = await writeOstreeFixture(join(await tempDir(t), 'repo'));
  const { port, child } = await serveUnread(t, path);
  const count = 10_000;
  const client = await RawConnection.open(t, port);
  client.write(getRequest('/repo/config').repeat(count));
  await eventually(
    'all are answered',
    () => client.received.match(/mode=archive-z2/g)?.length === count || undefined,
  );
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
});

test('clients that pipeline requests and read nothing leave memory and the others alone', {
  timeout,
}, async (t) => {
  const { path } = await writeOstreeFixture(join(await tempDir(t), 'repo'));
  const serving = await serve(t, path);
  const port = Number(new URL(serving.origin).port);
  const flood = getRequest('/repo/summary').repeat(50_000);
  for (let count = 0; count < 40; count++) {
    const client = await RawConnection.open(t, port);
    client.socket.pause();
    client.write(flood);
  }
  for (let count = 0; count < 50; count++) {
    assert.equal((await fetch(`${serving.repo}/config`)).status, 200);
  }
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${serving.pid}/status`, 'utf8'))?.[1]) / 1024;
  assert.ok(peak < 250, `${peak} MiB`);
});

test('SIGTERM ends the encoding of a large object whose client has gone', { timeout }, async (t) => {
  const folder = await tempDir(t);
  const bare = new BareFixture(join(folder, 'bare'));
  // Sparse, so that it costs nothing here, and compressing it takes longer than this test.
  const id = bare.file('');
  truncateSync(bare.objectPath(id), 2000 * MIB);
  const cache = join(folder, 'cache');
  const serving = await serve(t, bare.path, { words: ['--cache-dir', cache, '--deflate-level', '9'] });
  const client = await RawConnection.open(t, Number(new URL(serving.origin).port));
  client.write(getRequest(`/repo/objects/${id.slice(0, 2)}/${id.slice(2)}.filez`));
  await client.until(/deflate9/);
  client.socket.destroy();
  serving.signal('SIGTERM');
  assert.equal(await serving.ended(), 0);
  assert.deepEqual(
    readdirSync(join(cache, encoderId(9), 'objects', id.slice(0, 2))),
    [],
    'nothing is left behind',
  );
});
