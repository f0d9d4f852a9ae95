import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import test, { type TestContext } from 'node:test';
import { shareInput } from '../../../src/server/http/shared-input.ts';

/** A connection: the client's end, and the server's as it was accepted. */
async function connected(t: TestContext): Promise<{ client: Socket; accepted: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    client.destroy();
    server.close();
  });
  return { client, accepted };
}

test('input comes in one buffer, and not through the stream', async (t) => {
  const received: string[] = [];
  const memories = new Set<ArrayBufferLike>();
  for (const text of ['one', 'two']) {
    const { client, accepted } = await connected(t);
    accepted.on('data', () => assert.fail('through the stream'));
    const came = Promise.withResolvers<void>();
    const isShared = shareInput(accepted, (bytes) => {
      received.push(bytes.toString());
      memories.add(bytes.buffer);
      came.resolve();
    });
    assert.equal(isShared, true);
    client.write(text);
    await came.promise;
  }
  assert.deepEqual(received, ['one', 'two']);
  assert.equal(memories.size, 1);
});

test('a paused connection reads nothing, and its end comes through the stream', async (t) => {
  const { client, accepted } = await connected(t);
  const total = { bytes: 0, isPaused: false };
  shareInput(accepted, (bytes) => {
    assert.equal(total.isPaused, false);
    total.bytes += bytes.length;
    total.isPaused = true;
    accepted.pause();
    setImmediate(() => {
      total.isPaused = false;
      accepted.resume();
    });
  });
  accepted.resume();
  const ended = once(accepted, 'end');
  await pipeline([Buffer.alloc(1_000_000)], client);
  await ended;
  assert.equal(total.bytes, 1_000_000);
});

test('a socket without a connection goes on as it was', () => {
  assert.equal(
    shareInput(new Socket(), () => {}),
    false,
  );
});

test('a socket that has the option already goes on as it was', async (t) => {
  const { accepted } = await connected(t);
  assert.equal(
    shareInput(accepted, () => {}),
    true,
  );
  assert.equal(
    shareInput(accepted, () => {}),
    false,
  );
});
