import assert from 'node:assert/strict';
import test from 'node:test';
import { variant } from '../../../src/gvariant/index.ts';
import { parseDict, serializeDict, stringVariant } from '../../../src/ostree/metadata-dict.ts';
import { mergeDetached } from '../../../src/ostree/sign/merge-detached.ts';
import { coded } from '../../support/expect.ts';

function detached(entries: Readonly<Record<string, readonly string[] | string>>): Buffer {
  const dict = Object.entries(entries).map(([key, value]) => {
    const signatures = typeof value === 'string' ? [] : value.map((text) => Buffer.from(text));
    return [key, typeof value === 'string' ? stringVariant(value) : variant('aay', signatures)] as const;
  });
  return serializeDict(new Map(dict));
}

const ONE = detached({ 'ostree.gpgsigs': ['one'] });

for (const [what, present, coming, merged] of [
  [
    'a signature',
    { 'ostree.gpgsigs': ['one'] },
    { 'ostree.gpgsigs': ['two', 'one'] },
    { 'ostree.gpgsigs': ['one', 'two'] },
  ],
  [
    'a signature of another kind',
    { 'ostree.gpgsigs': ['one'] },
    { 'ostree.sign.ed25519': ['two'] },
    { 'ostree.gpgsigs': ['one'], 'ostree.sign.ed25519': ['two'] },
  ],
  ['a key', { a: 'x' }, { b: 'y' }, { a: 'x', b: 'y' }],
  ['nothing to no signatures', { s: [] }, { s: [] }, { s: [] }],
] as const) {
  test(`${what} is added`, () => {
    assert.deepEqual(mergeDetached(detached(present), detached(coming)), detached(merged));
  });
}

test('nothing is changed or dropped', () => {
  const present = detached({ 'ostree.gpgsigs': ['one', 'two'], version: '1', other: ['x'] });
  for (const coming of [
    {},
    { 'ostree.gpgsigs': ['two'] },
    { version: '2' },
    { version: ['2'] },
    { other: 'x' },
  ])
    assert.equal(mergeDetached(present, detached(coming)), present);
});

test('what is there and cannot be read gives way; what comes must be sound', () => {
  assert.equal(mergeDetached(Buffer.from('rotten'), ONE), ONE);
  assert.throws(() => mergeDetached(ONE, Buffer.from('rotten')), coded('ERR_VARIANT'));
});

test('there are no more signatures than readers take', () => {
  const many = Array.from({ length: 1500 }, (_, index) => `${index}`);
  const merged = mergeDetached(ONE, detached({ 'ostree.gpgsigs': many }));
  const signatures = parseDict(merged).get('ostree.gpgsigs')?.value as readonly Buffer[];
  assert.equal(signatures.length, 1000);
  assert.equal(Buffer.from(signatures[0] as Buffer).toString(), 'one');
  assert.equal(mergeDetached(merged, detached({ 'ostree.gpgsigs': ['more'] })), merged);
});
