import assert from 'node:assert/strict';
import test from 'node:test';
import { cleanLine, cleanLines, indented, jsonText } from '../../src/cli/clean-text.ts';

test('what a terminal acts on is shown as an escape', () => {
  assert.equal(cleanLine('a\nb\r\0\u001b[31m\u007f\u009b'), String.raw`a\nb\r\x00\x1b[31m\x7f\x9b`);
  assert.equal(
    cleanLine('\u2028\u2029\u202e\u2066\u061c\ud800'),
    String.raw`\u{2028}\u{2029}\u{202e}\u{2066}\u{61c}\u{d800}`,
  );
});

test('all other text stays: tabs, other scripts, emoji of several code points', () => {
  const text = 'a\tb é \u05d0\u05d1 \u{1f469}\u200d\u{1f680} \\n';
  assert.equal(cleanLine(text), text);
});

test('JSON stays JSON of the same value, on its lines', () => {
  const value = { key: 'a\u001b\u009b\u2028\u202e\n' };
  assert.equal(jsonText(value), String.raw`{"key":"a\u001b\u009b\u2028\u202e\n"}`);
  assert.equal(jsonText(value, 2).split('\n').length, 3);
  assert.deepEqual(JSON.parse(jsonText(value, 2)), value);
});

test('several lines are cleaned each, and indented', () => {
  assert.equal(cleanLines('one\u001b\ntwo\r\nthree'), 'one\\x1b\ntwo\nthree');
  assert.deepEqual(indented('one\r\ntwo\n\n', '    '), ['    one', '    two']);
});
