import assert from 'node:assert/strict';
import test from 'node:test';
import { print, read } from '../../src/gvariant/index.ts';
import { vectors } from './vectors.ts';

test("print gives GLib's annotated text", () => {
  for (const { type, text, bytes } of vectors) {
    assert.equal(print(type, read(type, bytes)), text, type);
  }
});

test('bytes of any Uint8Array print alike', () => {
  assert.equal(print('ay', new Uint8Array([1, 2])), '[byte 0x01, 0x02]');
  assert.equal(print('ay', new Uint8Array([0x61, 0])), "b'a'");
  assert.equal(print('d', Number.NaN), 'nan');
  assert.equal(print('d', Number.NEGATIVE_INFINITY), '-inf');
});
