import assert from 'node:assert/strict';
import test from 'node:test';
import { WorkInFlight } from '../../../src/native/ostree/work-in-flight.ts';

test('settle waits for all work, including work that other work started', async () => {
  const work = new WorkInFlight();
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  void work.track(async () => {
    await gate.promise;
    void work.track(async () => {
      await Promise.resolve();
      done.push('inner');
    });
    done.push('outer');
  });
  const settled = work.settle();
  assert.deepEqual(done, []);
  gate.resolve();
  await settled;
  assert.deepEqual(done, ['outer', 'inner']);
});

test('the first error is thrown by check and settle, and rejects nothing else', async () => {
  const work = new WorkInFlight();
  await work.track(() => Promise.reject(new Error('first')));
  await work.track(() => Promise.reject(new Error('second')));
  work.fail(new Error('third'));
  assert.throws(() => work.check(), /first/);
  await assert.rejects(work.settle(), /first/);
});

test('without an error check and settle return', async () => {
  const work = new WorkInFlight();
  await work.track(async () => {});
  work.check();
  await work.settle();
});
