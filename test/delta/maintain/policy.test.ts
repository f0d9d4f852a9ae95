import assert from 'node:assert/strict';
import test from 'node:test';
import { parseDeltaPolicy, ruleFor } from '../../../src/delta/maintain/policy.ts';
import { coded } from '../../support/expect.ts';

const parse = (...lines: readonly string[]) => parseDeltaPolicy(lines.join('\n'), 'deltas.conf');

test('a policy says which deltas the commits of which refs have', () => {
  const policy = parse(
    '# ours',
    '[deltas]',
    'minimum-saving=20',
    'grace-hours=2',
    'profile=small',
    '[refs "exampleos/*/stable"]',
    'scratch=true',
    'from-last=3',
    'from-versions=42.1;41.9;',
    '[refs "**"]',
  );
  assert.deepEqual(policy, {
    minimumSaving: 0.2,
    grace: 7_200_000,
    profile: 'small',
    rules: [
      { glob: 'exampleos/*/stable', scratch: true, fromLast: 3, fromVersions: ['42.1', '41.9'] },
      { glob: '**', scratch: false, fromLast: 0, fromVersions: [] },
    ],
  });
});

test('a delta must save 15 % and parts stay for a day unless the policy says otherwise', () => {
  const { minimumSaving, grace, profile } = parse('[refs "a"]', 'scratch=true');
  assert.equal(minimumSaving, 0.15);
  assert.equal(grace, 86_400_000);
  assert.equal(profile, 'fast');
});

test('the first rule whose glob matches decides about a ref', () => {
  const policy = parse('[refs "os/*/devel"]', '[refs "os/**"]', 'scratch=true', '[refs "*"]');
  const of = (ref: string) => ruleFor(policy, ref)?.glob;
  assert.equal(of('os/x86_64/devel'), 'os/*/devel');
  assert.equal(of('os/x86_64/stable'), 'os/**');
  assert.equal(of('os/x86_64/stable/more'), 'os/**');
  assert.equal(of('single'), '*');
  assert.equal(of('other/ref'), undefined);
});

test('a policy that would be misunderstood is refused', () => {
  const cases: readonly (readonly [readonly string[], ...(readonly string[])])[] = [
    [[''], 'it has no [refs "GLOB"] group'],
    [['[refs "a"]', 'scratch'], 'line 2', 'neither a [group] nor a key=value line'],
    [['[refs a]'], '[refs a] is neither [deltas] nor [refs "GLOB"]'],
    [['[refs "a"]', 'scrach=true'], '"scrach"', 'scratch, from-last, from-versions'],
    [['[refs "a"]', 'scratch=yes'], 'scratch=yes in [refs "a"] is neither true nor false'],
    [['[refs "a"]', 'from-last=-1'], 'from-last=-1', 'from 0 to 1000'],
    [['[deltas]', 'minimum-saving=101', '[refs "a"]'], 'minimum-saving=101', 'from 0 to 100'],
    [['[deltas]', 'min-saving=1', '[refs "a"]'], '"min-saving"', 'minimum-saving, grace-hours, profile'],
    [['[deltas]', 'profile=best', '[refs "a"]'], 'profile=best is none of fast, balanced, small'],
  ];
  for (const [lines, ...words] of cases)
    assert.throws(() => parse(...lines), coded('ERR_DELTA_POLICY', 'deltas.conf', ...words), lines.join(' '));
});
