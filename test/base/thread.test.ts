import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { Thread } from '../../src/base/thread.ts';
import { testFolder } from '../support/small-image.ts';

type Request = { readonly wait?: number; readonly say?: string; readonly fail?: 'coded' | 'plain' | 'exit' };

function start() {
  return new Thread<Request, string>(import.meta.url, './thread-under-test');
}

test('calls are answered in the order they were made, however long each takes', async () => {
  const thread = start();
  const order: string[] = [];
  const calls = [
    { wait: 20, say: 'slow' },
    { wait: 0, say: 'fast' },
  ].map(async (request) => order.push(await thread.call(request)));
  assert.equal(thread.load, 2);
  await Promise.all(calls);
  assert.deepEqual(order, ['slow', 'fast']);
  await thread.close();
});

test("an error keeps its code, and one without is the program's own fault", async () => {
  const thread = start();
  await assert.rejects(thread.call({ fail: 'coded' }), (error) => isTreeportError(error, 'ERR_TAR'));
  await assert.rejects(thread.call({ fail: 'plain' }), (error) => isTreeportError(error, 'ERR_INTERNAL'));
  await thread.close();
});

test('closing answers what was asked before, and refuses what is asked after', async () => {
  const thread = start();
  const call = thread.call({ wait: 5, say: 'last' });
  await thread.close();
  assert.equal(await call, 'last');
  await assert.rejects(thread.call({ say: 'late' }), (error) => isTreeportError(error, 'ERR_INTERNAL'));
});

test('a process that closes a thread with calls in flight lives until it has exited', async (t) => {
  const program = `
    import { Thread } from ${JSON.stringify(import.meta.resolve('../../src/base/thread.ts'))};
    const thread = new Thread(${JSON.stringify(import.meta.url)}, './thread-under-test');
    void thread.call({ wait: 20, say: 'answered' });
    thread.close().then(() => console.log('closed'));`;
  const file = join(await testFolder(t), 'closing.mjs');
  writeFileSync(file, program);
  const { stdout, status } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  assert.deepEqual([stdout, status], ['closed\n', 0]);
});

test('a thread closed while it loads a native module ends in good order', async () => {
  await Promise.all(Array.from({ length: 8 }, () => start().close()));
});

test('a thread that ended by itself says so, and fails every call', async () => {
  const thread = start();
  await thread.call({ say: 'still there' });
  assert.equal(thread.hasFailed, false);
  await assert.rejects(thread.call({ fail: 'exit' }), /a worker thread ended: it exited with 3/);
  assert.equal(thread.hasFailed, true);
  await assert.rejects(thread.call({ say: 'late' }), /it exited with 3/);
  await thread.close();
});
