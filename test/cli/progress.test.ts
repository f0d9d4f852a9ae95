import assert from 'node:assert/strict';
import test from 'node:test';
import { startProgress } from '../../src/cli/progress.ts';

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
  assert.deepEqual(written.slice(1), ['encapsulate: 1 layers of 20 layers, 0 layers/s\n']);
});

test('with --quiet nothing is shown', (t) => {
  const written: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => written.push(text));
  const progress = startProgress({ label: 'encapsulate', unit: 'bytes', quiet: true });
  progress.add(2);
  progress.stop();
  assert.deepEqual(written, []);
});
