import assert from 'node:assert/strict';
import test from 'node:test';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import { stallLimit, watchForStall, watchProgress } from '../../../src/oci/skopeo/stall.ts';
import { coded } from '../../support/expect.ts';

const REGISTRY = parseImageReference('docker://registry.example.com/x:1');

test('the limit is 60 s unless another is given, and is one of registries only', () => {
  assert.equal(stallLimit(REGISTRY, {})?.milliseconds, 60_000);
  assert.equal(stallLimit(REGISTRY, { stallTimeout: 1.5 })?.milliseconds, 1500);
  assert.equal(stallLimit(REGISTRY, { stallTimeout: 0 }), undefined);
  for (const text of ['dir:/x', 'containers-storage:x', 'docker-daemon:x:1', 'docker-archive:x'])
    assert.equal(stallLimit(parseImageReference(text), {}), undefined);
});

test('the fault names what was waited for, and what to do', () => {
  const fault = stallLimit(REGISTRY, { stallTimeout: 7 })?.fault('blob x');
  assert.ok(coded('ERR_REGISTRY_STALLED', 'blob x', '7 s', '--stall-timeout')(fault));
});

test('a wait that ends in time is no stall', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let stalls = 0;
  const watch = () => watchForStall(stallLimit(REGISTRY, {}), () => stalls++);
  const end = watch();
  t.mock.timers.tick(59_999);
  end();
  t.mock.timers.tick(60_000);
  assert.equal(stalls, 0);
  watch();
  t.mock.timers.tick(60_000);
  assert.equal(stalls, 1);
  watchForStall(undefined, () => stalls++)();
});

test('progress that stays the same for the limit is a stall', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const seen = { bytes: 0, stalls: 0 };
  const end = watchProgress(
    stallLimit(REGISTRY, { stallTimeout: 10 }),
    async () => seen.bytes,
    () => {
      seen.stalls += 1;
    },
  );
  const seconds = async (count: number) => {
    for (let second = 0; second < count; second += 1) {
      t.mock.timers.tick(1000);
      await new Promise(setImmediate);
    }
  };
  await seconds(9);
  seen.bytes = 1;
  await seconds(10);
  assert.equal(seen.stalls, 0);
  await seconds(1);
  assert.equal(seen.stalls, 1);
  end();
  await seconds(20);
  assert.equal(seen.stalls, 1);
});
