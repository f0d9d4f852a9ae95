import assert from 'node:assert/strict';
import test from 'node:test';
import { checkImageValues, imageTime } from '../../../src/container/encapsulate/image-values.ts';
import { coded } from '../../support/expect.ts';

test('times that every program reads stay as they are', () => {
  for (const text of ['2026-11-20T14:27:28Z', '2026-11-20T14:27:28.5+01:00', '2024-02-29T00:00:00Z'])
    assert.equal(imageTime(text), text);
});

test('other spellings of a time become such', () => {
  assert.equal(imageTime('@1795184848'), '2026-11-20T14:27:28Z');
  assert.equal(imageTime('@-1'), '1969-12-31T23:59:59Z');
  assert.equal(imageTime('2026-11-20 14:27:28+01:00'), '2026-11-20T13:27:28Z');
  assert.equal(imageTime('2026-11-20t14:27:28z'), '2026-11-20T14:27:28Z');
});

test('what is no time is refused', () => {
  for (const text of [
    'yesterday',
    '',
    '1795184848',
    '@',
    '@999999999999999',
    '2026-11-20',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-20T24:00:00Z',
  ])
    assert.throws(() => imageTime(text, '--created'), coded('ERR_USAGE', '--created', JSON.stringify(text)));
});

test('the library refuses what images cannot have', () => {
  checkImageValues({ labels: { a: '' }, architecture: 'x86_64', created: '2026-11-20T14:27:28Z' });
  for (const values of [
    { created: 'yesterday' },
    { created: '@0' },
    { architecture: 'pdp11' },
    { labels: { '': 'x' } },
  ])
    assert.throws(() => checkImageValues(values), coded('ERR_USAGE'), JSON.stringify(values));
});
