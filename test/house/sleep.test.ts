import assert from 'node:assert/strict';
import test from 'node:test';
import { projectFiles, projectText } from '../support/project.ts';

/** A delay that the code awaits, from node:timers/promises or a promise around a timer. */
const SLEEP = /\bsetTimeout\b[^;]*from 'node:timers\/promises'|new Promise\b[^;]*\bsetTimeout\(/;
const ALLOWED = [
  // Its purpose is to delay.
  'test/support/flawed-registry.ts',
  // Polls programs that give no sign.
  'test/e2e/support/processes.ts',
];

test('no test sleeps', () => {
  const sleeping = projectFiles('test/**/*.ts').filter((path) => SLEEP.test(projectText(path)));
  assert.deepEqual(
    sleeping.filter((path) => path !== 'test/house/sleep.test.ts'),
    ALLOWED.toSorted(),
  );
});
