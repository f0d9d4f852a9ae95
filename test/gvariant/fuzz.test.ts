/** Seeded random values and mutated bytes: reading gives a value or ERR_VARIANT, and what reads writes back. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { print, read, write } from '../../src/gvariant/index.ts';
import { mutate, Random, randomType, randomValue } from './random.ts';
import { vectors } from './vectors.ts';

function survives(type: string, bytes: Buffer): boolean {
  try {
    const value = read(type, bytes);
    assert.equal(write(type, value).toString('hex'), bytes.toString('hex'), `${type} does not write back`);
    print(type, value);
    return true;
  } catch (error) {
    if (isTreeportError(error, 'ERR_VARIANT')) return false;
    throw error;
  }
}

test('random values read back as they were written', () => {
  const random = new Random(20261120);
  for (let round = 0; round < 3000; round++) {
    const type = randomType(random, 4);
    const value = randomValue(random, type, 4);
    const bytes = write(type, value);
    assert.deepEqual(read(type, bytes), value, `round ${round}, type ${type}`);
    assert.ok(survives(type, bytes));
  }
});

test('mutated bytes give a value that writes back, or ERR_VARIANT', () => {
  const random = new Random(4711);
  const short = vectors.filter(({ bytes }) => bytes.length < 300);
  let accepted = 0;
  for (let round = 0; round < 5000; round++) {
    const { type, bytes } = random.pick(short);
    if (survives(type, mutate(random, bytes))) accepted += 1;
  }
  // Both outcomes must occur, or the test would prove nothing.
  assert.ok(accepted > 500 && accepted < 4500, `${accepted} accepted`);
});

test('arbitrary bytes are read as any type without another error', () => {
  const random = new Random(99);
  for (let round = 0; round < 3000; round++) {
    const type = randomType(random, 4);
    survives(type, random.bytes(random.below(40)));
  }
});
