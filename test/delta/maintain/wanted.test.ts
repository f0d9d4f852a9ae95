import assert from 'node:assert/strict';
import test from 'node:test';
import { parseDeltaPolicy } from '../../../src/delta/maintain/policy.ts';
import { type RefHistory, wantedDeltas } from '../../../src/delta/maintain/wanted.ts';
import { repeatedChecksum } from '../../support/checksums.ts';

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map(repeatedChecksum) as [never, never, never, never];
const HISTORY: RefHistory = {
  ref: 'os/stable',
  commits: [
    { checksum: D, version: '4' },
    { checksum: C, version: '3' },
    { checksum: B, version: undefined },
    { checksum: A, version: '1' },
  ],
};

function wanted(lines: readonly string[], histories: readonly RefHistory[] = [HISTORY]) {
  const policy = parseDeltaPolicy(['[refs "os/*"]', ...lines].join('\n'), 'policy');
  const { deltas, covered } = wantedDeltas(policy, histories);
  return { deltas: deltas.map(({ name, ref }) => [name.from, name.to, ref]), covered: [...covered] };
}

test('deltas lead to the newest commit, from scratch, the last commits and named versions', () => {
  const to = (from: unknown) => [from, D, 'os/stable'];
  assert.deepEqual(wanted(['scratch=true']).deltas, [to(undefined)]);
  assert.deepEqual(wanted(['from-last=2']).deltas, [to(C), to(B)]);
  assert.deepEqual(wanted(['from-last=9']).deltas, [to(C), to(B), to(A)]);
  assert.deepEqual(wanted(['from-versions=1;3;4;5']).deltas, [to(C), to(A)]);
  assert.deepEqual(wanted(['scratch=true', 'from-last=1', 'from-versions=1;3']).deltas, [
    to(undefined),
    to(C),
    to(A),
  ]);
  assert.deepEqual(wanted([]).deltas, []);
});

test('a policy covers the commits of the refs that it has a rule for', () => {
  const other: RefHistory = { ref: 'elsewhere', commits: [{ checksum: A, version: '1' }] };
  assert.deepEqual(wanted([]).covered, [D, C, B, A]);
  assert.deepEqual(wanted([], [other]), { deltas: [], covered: [] });
});

test('refs with the same commit share its deltas, and a ref without commits has none', () => {
  const alias: RefHistory = { ref: 'os/alias', commits: HISTORY.commits };
  const empty: RefHistory = { ref: 'os/empty', commits: [] };
  assert.deepEqual(wanted(['from-last=1'], [alias, HISTORY, empty]).deltas, [[C, D, 'os/alias']]);
});
