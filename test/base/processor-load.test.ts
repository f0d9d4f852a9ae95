import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import test from 'node:test';
import { ProcessorLoad } from '../../src/base/processor-load.ts';

test('the unused share is that of the last window, waiting for disks not included', (t) => {
  const clock = { now: 0 };
  t.mock.method(performance, 'now', () => clock.now);
  const stats = [
    'cpu  100 0 100 1000 0 0 0 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n',
    'cpu  110 5 105 1070 10 0 0 0 0 0\n',
    'cpu  210 5 105 1070 10 0 0 0 0 0\n',
    'cpu  210 5 105 9070 10 0 0 0 0 0\n',
    '',
  ];
  const load = new ProcessorLoad(() => stats.shift() ?? '');
  assert.equal(load.idleShare(), 0, 'not known yet');
  clock.now += 100;
  assert.equal(load.idleShare(), 0, 'nor too soon');
  clock.now += 150;
  assert.equal(load.idleShare(), 0.7);
  clock.now += 249;
  assert.equal(load.idleShare(), 0.7);
  clock.now += 1;
  assert.equal(load.idleShare(), 0);
  clock.now += 60_000;
  assert.equal(load.idleShare(), 0, 'an old mean does not count');
  clock.now += 250;
  assert.equal(load.idleShare(), 0, 'nothing to read');
});

test('this machine has a share', () => {
  const share = new ProcessorLoad().idleShare();
  assert.ok(share >= 0 && share <= 1);
});
