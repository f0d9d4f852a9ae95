import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type ExistingDelta,
  type PlanInput,
  planDeltas,
  type Saving,
  savedShare,
} from '../../../src/delta/maintain/plan.ts';
import { deltaKey } from '../../../src/ostree/delta-name.ts';
import { repeatedChecksum } from '../../support/checksums.ts';

const [A, B] = ['a', 'b'].map(repeatedChecksum) as [never, never];
const NAME = { from: A, to: B };
const KEY = deltaKey(NAME);
const saving = (deltaBytes: number): Saving => ({
  deltaBytes,
  deltaRequests: 2,
  looseBytes: 100,
  looseRequests: 9,
});
const existing = (more: Partial<ExistingDelta> = {}): ExistingDelta => ({
  name: NAME,
  saving: saving(50),
  state: 'good',
  ...more,
});
const LISTED = { deltas: [{ name: NAME, ref: 'os' }], covered: new Set([A, B]) };
const UNLISTED = { deltas: [], covered: new Set([A, B]) };

function plan(input: Partial<PlanInput>) {
  const steps = planDeltas({
    wanted: LISTED,
    existing: [],
    minimumSaving: 0.15,
    declined: new Map(),
    hasCommit: () => true,
    signed: new Set(),
    ...input,
  });
  return steps.map(({ kind, why }) => `${kind}: ${why}`);
}

test('a listed delta is made if it is missing, and kept if it is there', () => {
  assert.deepEqual(plan({}), ['make: listed for os']);
  assert.deepEqual(plan({ existing: [existing()] }), ['keep: listed for os']);
  assert.deepEqual(plan({ existing: [existing({ saving: undefined })] }), ['keep: listed for os']);
});

test('a delta is dropped when the policy lists it no more, but left alone where it has no say', () => {
  assert.deepEqual(plan({ wanted: UNLISTED, existing: [existing()] }), ['drop: the policy does not list it']);
  const wanted = { deltas: [], covered: new Set<never>() };
  assert.deepEqual(plan({ wanted, existing: [existing()] }), ['leave: the policy does not cover its commit']);
  assert.deepEqual(plan({ wanted, existing: [existing()], hasCommit: () => false }), [
    'drop: its commit is not in the repository',
  ]);
});

test('a delta that saves less than the minimum is dropped, and not made again', () => {
  assert.deepEqual(plan({ existing: [existing({ saving: saving(85) })] }), ['keep: listed for os']);
  assert.deepEqual(plan({ existing: [existing({ saving: saving(86) })] }), ['drop: it saves too little']);
  const declined = new Map([[KEY, saving(86)]]);
  assert.deepEqual(plan({ declined }), ['leave: it saved too little when it was made']);
  assert.deepEqual(plan({ declined, minimumSaving: 0.1 }), ['make: listed for os']);
});

test('a delta whose commit was signed afterwards gets the signatures', () => {
  assert.deepEqual(plan({ existing: [existing({ state: 'stale' })] }), [
    'refresh: its commit was signed afterwards',
  ]);
});

test('a superblock that a signed summary lists does not change: the delta goes, and comes back later', () => {
  const signed = new Set([KEY]);
  const [step] = plan({ existing: [existing({ state: 'stale' })], signed });
  assert.match(step ?? '', /^drop: its commit was signed afterwards, and the signed summary/);
  assert.match(plan({ signed })[0] ?? '', /^leave: the signed summary still lists an earlier one/);
  assert.deepEqual(plan({ existing: [existing()], signed }), ['keep: listed for os']);
});

test('deltas for offline use are not touched', () => {
  const [step] = plan({ wanted: UNLISTED, existing: [existing({ state: 'offline' })] });
  assert.match(step ?? '', /^leave: signed for offline use/);
});

test('a damaged delta is dropped, so that the next run makes it', () => {
  const damaged = existing({ saving: undefined, state: 'damaged' });
  assert.deepEqual(plan({ existing: [damaged] }), ['drop: its superblock is damaged']);
});

test('a saving is a share of the bytes of the loose objects', () => {
  assert.equal(savedShare(saving(25)), 0.75);
  assert.equal(savedShare(saving(200)), -1);
  assert.equal(savedShare({ ...saving(10), looseBytes: 0 }), 0);
});
