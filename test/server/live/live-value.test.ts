import assert from 'node:assert/strict';
import test from 'node:test';
import { Live } from '../../../src/server/live/live-value.ts';

/** A value whose fingerprint and settledness the test sets, and which counts how often it was derived. */
function watched() {
  const state = { text: 'a', newest: 0, entries: 1, settled: true, derived: 0 };
  const live = new Live(
    async () => ({ text: state.text, newest: state.newest, entries: state.entries }),
    async () => {
      state.derived += 1;
      return { value: `${state.text}${state.derived}`, settled: state.settled };
    },
  );
  return { state, live };
}

test('a value is kept until the fingerprint changes', async () => {
  const { state, live } = watched();
  assert.equal(await live.get(), 'a1');
  assert.equal(await live.get(), 'a1');
  state.text = 'b';
  assert.equal(await live.get(), 'b2');
  assert.equal(await live.get(), 'b2');
});

test('requests at the same time share the work', async () => {
  const { state, live } = watched();
  assert.deepEqual(await Promise.all([live.get(), live.get(), live.get()]), ['a1', 'a1', 'a1']);
  assert.equal(state.derived, 1);
});

test('a fingerprint that is only just made is not trusted, nor is a value that is not settled', async () => {
  const { state, live } = watched();
  state.newest = Date.now();
  assert.equal(await live.get(), 'a1');
  assert.equal(await live.get(), 'a2');
  state.newest = Date.now() - 10_000;
  assert.equal(await live.get(), 'a3');
  assert.equal(await live.get(), 'a3');
  Object.assign(state, { text: 'b', settled: false });
  assert.equal(await live.get(), 'b4');
  assert.equal(await live.get(), 'b5');
});

test('a failure is not kept', async () => {
  let failing = true;
  const live = new Live(
    async () => ({ text: 'a', newest: 0, entries: 1 }),
    async () => {
      if (failing) throw new Error('no');
      return { value: 1, settled: true };
    },
  );
  await assert.rejects(live.get(), /no/);
  failing = false;
  assert.equal(await live.get(), 1);
});

test('what is dear to look at is not looked at for every request', async () => {
  const { state, live } = watched();
  state.entries = 1_000_000;
  assert.equal(await live.get(), 'a1');
  state.text = 'b';
  assert.equal(await live.get(), 'a1');
});
