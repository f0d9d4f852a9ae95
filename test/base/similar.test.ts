import assert from 'node:assert/strict';
import test from 'node:test';
import { didYouMean, similarNames } from '../../src/base/similar.ts';

const VERBS = ['ls', 'show', 'cat', 'log', 'refs', 'export', 'fsck'];

test('a missing, wrong, extra or exchanged character is close', () => {
  for (const [word, meant] of [
    ['ref', 'refs'],
    ['refz', 'refs'],
    ['exportt', 'export'],
    ['fskc', 'fsck'],
    ['FSCK', 'fsck'],
    ['sl', 'ls'],
  ] as const) {
    assert.deepEqual(similarNames(word, VERBS), [meant], word);
  }
});

test('a name that shares too little is not suggested', () => {
  for (const word of ['', 'x', 'nonsense', 'qqqqrt']) assert.deepEqual(similarNames(word, VERBS), []);
  assert.deepEqual(similarNames('refs', ['refs']), []);
});

test('only the nearest names are suggested, at most three', () => {
  assert.deepEqual(similarNames('logs', ['log', 'dogs', 'load']), ['log', 'dogs']);
  assert.deepEqual(similarNames('os/5', ['os/1', 'os/2', 'os/3', 'os/4']), ['os/1', 'os/2', 'os/3']);
});

test('the end or the beginning of a path means the whole path', () => {
  const refs = ['debian/bookworm', 'debian/trixie', 'fedora/trixie', 'trixies'];
  assert.deepEqual(similarNames('trixie', refs), ['debian/trixie', 'fedora/trixie']);
  assert.deepEqual(similarNames('debian', refs), ['debian/bookworm', 'debian/trixie']);
});

test('the suggestion is the end of a message', () => {
  assert.equal(didYouMean('nonsense', VERBS), '');
  assert.equal(didYouMean('lgo', VERBS), '; did you mean log?');
  assert.equal(didYouMean('os/5', ['os/1', 'os/2']), '; did you mean os/1 or os/2?');
  assert.equal(didYouMean('os/5', ['os/1', 'os/2', 'os/3']), '; did you mean os/1, os/2 or os/3?');
});
