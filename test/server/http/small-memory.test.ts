import assert from 'node:assert/strict';
import test from 'node:test';
import { SmallMemory } from '../../../src/server/http/small-memory.ts';

function memoryOf(maxBytes: number): SmallMemory<string> {
  return new SmallMemory((text) => text.length, maxBytes);
}

test('a name has its latest value until it is forgotten', () => {
  const memory = memoryOf(10_000);
  memory.keep('name', 'first');
  memory.keep('name', 'second one');
  memory.keep('other', 'x');
  assert.equal(memory.get('name'), 'second one');
  memory.forget('name');
  memory.forget('missing');
  assert.equal(memory.get('name'), undefined);
  assert.equal(memory.get('other'), 'x');
  memory.clear();
  assert.equal(memory.get('other'), undefined);
  assert.equal(memory.bytes, 0);
});

test('what does not fit at all takes no room', () => {
  const memory = memoryOf(10_000);
  memory.keep('small', 'x');
  for (let count = 0; count < 100; count++) memory.keep('large', 'x'.repeat(10_000));
  assert.equal(memory.get('large'), undefined);
  assert.ok(memory.bytes <= 10_000);
});

test('a full memory keeps most of what it has, and changes slowly', () => {
  const memory = memoryOf(100_000);
  const names = Array.from({ length: 200 }, (_, index) => `${index}`);
  for (const name of names) {
    memory.keep(name, 'x'.repeat(1000));
    assert.ok(memory.bytes <= 100_000);
  }
  const isKept = names.map((name) => memory.get(name) !== undefined);
  const first = isKept.slice(0, 40).filter(Boolean).length;
  const last = isKept.slice(100).filter(Boolean).length;
  assert.ok(first >= 30, `${first} of the first`);
  assert.ok(last >= 2, `${last} of the last`);
});
