import assert from 'node:assert/strict';
import test from 'node:test';
import { parseDeltaChoices } from '../../src/mirror/delta-choice.ts';
import { coded } from '../support/expect.ts';

test('the values of --delta add up; without any, deltas are from the parents and virtual', () => {
  assert.deepEqual(parseDeltaChoices([]), [{ kind: 'parent' }, { kind: 'virtual' }]);
  assert.deepEqual(parseDeltaChoices(['virtual']), [{ kind: 'virtual' }]);
  assert.deepEqual(parseDeltaChoices(['none']), []);
  assert.deepEqual(parseDeltaChoices(['scratch', 'from=os/stable^^', 'policy=/etc/a=b', 'parent']), [
    { kind: 'scratch' },
    { kind: 'from', revision: 'os/stable^^' },
    { kind: 'policy', file: '/etc/a=b' },
    { kind: 'parent' },
  ]);
});

test('a value that means nothing is refused', () => {
  for (const text of ['', 'from', 'from=', 'policy=', 'all', 'scratch=1'])
    assert.throws(() => parseDeltaChoices([text]), coded('ERR_USAGE', `--delta ${text} is unknown`));
  assert.throws(() => parseDeltaChoices(['none', 'scratch']), coded('ERR_USAGE', 'exclude each other'));
});
