import assert from 'node:assert/strict';
import test from 'node:test';
import { jsonArray, jsonObject, jsonSize, jsonStringMap, parseJson } from '../../../src/oci/model/json.ts';
import { MAX_JSON_SIZE } from '../../../src/oci/model/media-types.ts';
import { coded } from '../../support/expect.ts';

test('malformed JSON names the document, on one line', () => {
  assert.throws(() => parseJson(Buffer.from('{\n"a":\n}'), 'config x'), coded('ERR_JSON', 'config x'));
  assert.throws(() => parseJson(Buffer.alloc(0), 'config x'), coded('ERR_JSON', 'config x'));
  assert.throws(() => parseJson(Buffer.from([0x22, 0xff, 0x22]), 'config x'), coded('ERR_JSON', 'config x'));
});

test('JSON up to the limit is read, more is not', () => {
  const text = (length: number) => Buffer.from(`"${'a'.repeat(length - 2)}"`);
  assert.equal(String(parseJson(text(MAX_JSON_SIZE), 'x')).length, MAX_JSON_SIZE - 2);
  assert.throws(() => parseJson(text(MAX_JSON_SIZE + 1), 'x'), coded('ERR_JSON', '4194305'));
});

test('JSON of 64 levels is read, deeper JSON is not', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const text = (levels: number) => Buffer.from(`${open.repeat(levels)}1${close.repeat(levels)}`);
    parseJson(text(64), 'x');
    for (const levels of [65, 100_000])
      assert.throws(() => parseJson(text(levels), 'config x'), coded('ERR_JSON', 'config x', '64 levels'));
  }
});

test('brackets in strings nest nothing', () => {
  const brackets = '[{'.repeat(100);
  assert.equal(parseJson(Buffer.from(JSON.stringify(brackets)), 'x'), brackets);
  const escaped = `\\"${brackets}\\`;
  assert.deepEqual(parseJson(Buffer.from(JSON.stringify([escaped, escaped])), 'x'), [escaped, escaped]);
  const shallow = `[${'[[]],'.repeat(100)}1]`;
  assert.equal((parseJson(Buffer.from(shallow), 'x') as readonly unknown[]).length, 101);
});

test('wrong shapes are named', () => {
  for (const value of [null, [], 'a', 1, undefined]) {
    assert.throws(() => jsonObject(value, 'here'), coded('ERR_JSON', 'here', 'object'));
  }
  assert.throws(() => jsonArray({}, 'here'), coded('ERR_JSON', 'array'));
  for (const value of [-1, 1.5, 2 ** 53, '1'])
    assert.throws(() => jsonSize(value, 'here'), coded('ERR_JSON', 'here'));
  assert.throws(() => jsonStringMap({ a: 'x', b: 2 }, 'labels'), coded('ERR_JSON', 'labels.b'));
  jsonStringMap(null, 'labels');
});
