import assert from 'node:assert/strict';
import test from 'node:test';
import { type Value, variant, view, write } from '../../src/gvariant/index.ts';
import { MAX_CHECKED, MAX_VALUES } from '../../src/gvariant/view.ts';
import { coded } from '../support/expect.ts';
import { mutate, Random, randomType, randomValue } from './random.ts';
import { rejected, vectors } from './vectors.ts';

test('children are found by index, whatever the container', () => {
  const cases: readonly (readonly [string, Value, readonly string[], readonly Value[]])[] = [
    ['as', ['a', 'bc', ''], ['s', 's', 's'], ['a', 'bc', '']],
    ['au', [7, 8], ['u', 'u'], [7, 8]],
    ['(ysay)', [1, 'x', Buffer.from('z')], ['y', 's', 'ay'], [1, 'x', Buffer.from('z')]],
    ['(yt)', [1, 2n], ['y', 't'], [1, 2n]],
    ['{sv}', ['k', variant('u', 1)], ['s', 'v'], ['k', variant('u', 1)]],
    ['v', variant('as', ['in']), ['as'], [['in']]],
    ['ms', ['there'], ['s'], ['there']],
    ['ms', [], [], []],
    ['ay', Buffer.from([3, 4]), ['y', 'y'], [3, 4]],
  ];
  for (const [type, value, types, children] of cases) {
    const whole = view(type, write(type, value)).check();
    assert.equal(whole.length, children.length, type);
    assert.deepEqual(
      [...whole].map((child) => child.type),
      types,
    );
    // In any order.
    for (let index = children.length - 1; index >= 0; index--)
      assert.deepEqual(whole.child(index).value(), children[index], type);
    assert.throws(() => whole.child(children.length), RangeError);
    assert.throws(() => whole.child(-1), RangeError);
  }
});

test('a dictionary gives the first value of a key', () => {
  const entries = ['a', 'b', 'a'].map((key, index) => [key, variant('y', index)]);
  const dict = view('a{sv}', write('a{sv}', entries));
  assert.deepEqual(dict.lookup('a')?.child(0).value(), 0);
  assert.deepEqual(dict.lookup('b')?.value(), variant('y', 1));
  assert.equal(dict.lookup('c'), undefined);
});

test('numbers may be big-endian; offsets never are', () => {
  const big = view('(qixtds)', Buffer.from('0102fffeffffffff0000000000000000', 'hex'), { order: 'big' });
  assert.throws(() => big.check(), coded('ERR_VARIANT'));
  const bytes = Buffer.alloc(8 + 8 + 8 + 8 + 3);
  bytes.writeUInt16BE(258, 0);
  bytes.writeInt32BE(-2, 4);
  bytes.writeBigInt64BE(-3n, 8);
  bytes.writeBigUInt64BE(4n, 16);
  bytes.writeDoubleBE(1.5, 24);
  bytes.write('a\0', 32);
  const value = view('(qixtds)', bytes.subarray(0, 34), { order: 'big' }).check().value();
  assert.deepEqual(value, [258, -2, -3n, 4n, 1.5, 'a']);
  assert.deepEqual(view('as', Buffer.from('610062000204', 'hex'), { order: 'big' }).value(), ['a', 'b']);
});

test('what is not asked for is not looked at', () => {
  const bytes = write('(ss)', ['good', 'bad!']);
  bytes[5] = 0xff;
  const pair = view('(ss)', bytes);
  assert.equal(pair.child(0).value(), 'good');
  assert.throws(() => pair.child(1).value(), coded('ERR_VARIANT', '"(ss)"', 'byte 5', 'not UTF-8'));
  assert.throws(() => pair.check(), coded('ERR_VARIANT', 'byte 5'));
});

test('checking finds what decoding finds', () => {
  for (const { type, bytes } of vectors) view(type, bytes).check();
  for (const { type, hex } of rejected)
    assert.throws(() => view(type, Buffer.from(hex, 'hex')).check(), coded('ERR_VARIANT'), `${type} ${hex}`);
  const random = new Random(7);
  for (let round = 0; round < 3000; round++) {
    const type = randomType(random, 4);
    const bytes = mutate(random, write(type, randomValue(random, type, 4)));
    const faults = [() => view(type, bytes).check(), () => view(type, bytes).value()].map(messageOf);
    assert.equal(faults[0], faults[1], `round ${round}: ${type} ${bytes.toString('hex')}`);
  }
});

function messageOf(action: () => unknown): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return String(error);
  }
}

test('only so many values are decoded at once', () => {
  const bytes = Buffer.alloc(MAX_VALUES);
  const units = view('a()', bytes).check();
  assert.throws(() => units.value(), coded('ERR_VARIANT', `more than ${MAX_VALUES} values`));
  assert.equal(units.length, MAX_VALUES);
  assert.deepEqual(units.child(MAX_VALUES - 1).value(), []);
  assert.equal((view('a()', bytes.subarray(1)).value() as readonly Value[]).length, MAX_VALUES - 1);
});

test('only so many values are checked, plain numbers aside', () => {
  const bytes = Buffer.alloc(MAX_CHECKED);
  assert.throws(() => view('ab', bytes).check(), coded('ERR_VARIANT', `more than ${MAX_CHECKED} values`));
  view('ay', bytes).check();
  view('at', bytes).check();
});

test('a type inside a variant has a length', () => {
  const wrapped = (type: string) => Buffer.concat([write(type, []), Buffer.from(`\0${type}`)]);
  const longest = `a(${'y'.repeat(252)})`;
  assert.equal(view('v', wrapped(longest)).child(0).type, longest);
  const tooLong = `a(${'y'.repeat(253)})`;
  assert.throws(() => view('v', wrapped(tooLong)).check(), coded('ERR_VARIANT', 'more than 255 characters'));
  assert.throws(() => view('g', Buffer.from(`${'y'.repeat(256)}\0`)).check(), coded('ERR_VARIANT'));
});
