import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseProgress, startProgress } from '../../src/cli/progress.ts';

test('parallel work adds up to one total', (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const written: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => written.push(text));
  const progress = startProgress({ label: 'encapsulate', unit: 'layers' });
  progress.add(2);
  progress.add(3);
  t.mock.timers.tick(5000);
  progress.add(4);
  assert.deepEqual(written, ['encapsulate: 9 layers, 2 layers/s\n']);
  t.mock.timers.tick(5000);
  progress.update(1, 20);
  assert.deepEqual(written.slice(1), ['encapsulate: 5 %, 1 layers of 20 layers, 0 layers/s\n']);
});

test('with --quiet nothing is shown', (t) => {
  const written: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => written.push(text));
  const progress = startProgress({ label: 'encapsulate', unit: 'bytes', quiet: true });
  progress.add(2);
  progress.stop();
  assert.deepEqual(written, []);
});

test('the bar is of all parts, and never goes back', (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const written: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => written.push(text));
  chooseProgress('json');
  t.after(() => chooseProgress(undefined));
  const progress = startProgress({ label: 'encapsulate', unit: 'bytes', share: 0.7 });
  const show = (work: () => void) => {
    t.mock.timers.tick(1000);
    work();
  };
  show(() => progress.update(50, 100));
  show(() => progress.update(40, 100));
  progress.next('uploading', 'bytes');
  show(() => progress.update(0, 10));
  show(() => progress.update(10, 10));
  progress.finish({ where: 'docker://x', digest: 'sha256:0' });
  const events = written.map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ event, fraction }) => [event, fraction && Math.round(fraction * 100)]),
    [
      ['progress', 35],
      ['progress', 35],
      ['progress', 70],
      ['progress', 100],
      ['finished', undefined],
    ],
  );
  assert.deepEqual([events[3].part, events[3].rate, events[0].rate], ['uploading', 5, 50]);
  const { where, digest, amount, unit, seconds } = events[4];
  assert.deepEqual([where, digest, amount, unit, seconds], ['docker://x', 'sha256:0', 10, 'bytes', 4]);
});
