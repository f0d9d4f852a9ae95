import assert from 'node:assert/strict';
import test from 'node:test';
import { IdleGate } from '../../../src/server/content/idle-gate.ts';
import { turns } from '../../support/turns.ts';

const MINUTE = 60_000;
/** Less than the gate waits for between two looks. */
const IDLE_MS = 1;

function gate({ spare = 1 } = {}) {
  const clock = { now: 0, spare };
  const idle = new IdleGate({ idleMs: IDLE_MS, idleShare: () => clock.spare, now: () => clock.now });
  const passing = () => {
    const state = { hasPassed: false };
    const promise = idle.pass(new AbortController().signal).then(() => {
      state.hasPassed = true;
    });
    return { state, promise };
  };
  return { clock, idle, passing };
}

test('opens when nothing was requested for a while', async () => {
  const { clock, idle, passing } = gate();
  await passing().promise;
  idle.disturb();
  const { state, promise } = passing();
  await turns(20);
  assert.equal(state.hasPassed, false);
  clock.now += IDLE_MS;
  await promise;
});

test('opens after a minute if the machine has processors to spare', async () => {
  const { clock, idle, passing } = gate({ spare: 0 });
  idle.disturb();
  const { state, promise } = passing();
  clock.now += MINUTE;
  idle.disturb();
  await turns(20);
  assert.equal(state.hasPassed, false);
  clock.spare = 0.5;
  await promise;
});

test('an aborted signal ends the waiting', async () => {
  const { idle } = gate();
  idle.disturb();
  const abort = new AbortController();
  const passing = idle.pass(abort.signal);
  abort.abort();
  await assert.rejects(passing, { name: 'AbortError' });
});
