import assert from 'node:assert/strict';
import test from 'node:test';
import { projectFiles, projectText } from '../support/project.ts';

/** A delay that the code waits for, by node:timers/promises or by a promise around a timer. */
const SLEEP = /\bsetTimeout\b[^;]*from 'node:timers\/promises'|new Promise\b[^;]*\bsetTimeout\(/;
const ALLOWED = [
  // Its delays are what it is for.
  'test/support/flawed-registry.ts',
  // Asks programs that give no sign, again and again.
  'test/e2e/support/processes.ts',
];

test('no test sleeps', () => {
  const sleeping = projectFiles('test/**/*.ts').filter((path) => SLEEP.test(projectText(path)));
  assert.deepEqual(
    sleeping.filter((path) => path !== 'test/house/sleep.test.ts'),
    ALLOWED.toSorted(),
  );
});
