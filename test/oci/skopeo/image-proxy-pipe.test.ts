import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { ProxyPipe } from '../../../src/oci/skopeo/image-proxy-pipe.ts';
import { stallLimit } from '../../../src/oci/skopeo/stall.ts';
import { testFolder } from '../../support/small-image.ts';

/** A pipe with its other end, and what is asked of the proxy. */
async function place(t: TestContext, stallTimeout?: number) {
  const path = join(await testFolder(t), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, 'w');
  const finished = Promise.withResolvers<void>();
  const seen = { finishes: 0, stalls: 0 };
  const access = stallTimeout === undefined ? {} : { stallTimeout };
  const pipe = new ProxyPipe(reader, {
    finish: () => {
      seen.finishes += 1;
      return finished.promise;
    },
    stall: stallLimit({ transport: 'registry', name: 'registry.example.com/x' }, access),
    onStall: () => {
      seen.stalls += 1;
      closeSync(writer);
      finished.reject(new Error('stalled'));
    },
  });
  return { pipe, writer, seen, finish: () => finished.resolve() };
}

test('the proxy is asked how it went when all bytes are here', async (t) => {
  const { pipe, writer, seen, finish } = await place(t);
  writeSync(writer, 'abc');
  const stream = pipe.read(3);
  assert.equal(String((await stream.next()).value), 'abc');
  const end = stream.next();
  assert.equal(seen.finishes, 1);
  closeSync(writer);
  finish();
  assert.deepEqual(await end, { value: undefined, done: true });
  assert.deepEqual(seen, { finishes: 1, stalls: 0 });
});

test('bytes that come slowly are no stall, and none for a minute are one', async (t) => {
  const { pipe, writer, seen } = await place(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stream = pipe.read(100);
  for (let minute = 0; minute < 3; minute += 1) {
    const next = stream.next();
    t.mock.timers.tick(59_999);
    writeSync(writer, 'x');
    assert.equal(String((await next).value), 'x');
    // The reader may take as long as it likes.
    t.mock.timers.tick(600_000);
  }
  // Silence has had the proxy asked whether it went wrong.
  assert.deepEqual(seen, { finishes: 1, stalls: 0 });
  const next = stream.next();
  t.mock.timers.tick(60_000);
  assert.equal(seen.stalls, 1);
  await assert.rejects(next, /stalled/);
});

test('with a timeout of 0 there is no stall', async (t) => {
  const { pipe, writer, seen, finish } = await place(t, 0);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const all = collect(pipe.read(1));
  t.mock.timers.tick(86_400_000);
  writeSync(writer, 'x');
  closeSync(writer);
  finish();
  assert.equal(String(await all), 'x');
  assert.equal(seen.stalls, 0);
});

test('a pipe that is left is watched until the proxy has finished it', async (t) => {
  const { pipe, seen } = await place(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  pipe.end();
  t.mock.timers.tick(60_000);
  assert.deepEqual(seen, { finishes: 1, stalls: 1 });
});
