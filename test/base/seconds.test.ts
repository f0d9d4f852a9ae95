import assert from 'node:assert/strict';
import test from 'node:test';
import { parseSeconds } from '../../src/base/seconds.ts';
import { coded } from '../support/expect.ts';

test('seconds become milliseconds', () => {
  for (const [text, ms] of [
    ['0', 0],
    ['5', 5000],
    ['0.25', 250],
    ['86400', 86_400_000],
  ] as const) {
    assert.equal(parseSeconds(text, '--drain-delay'), ms);
  }
});

test('what is no number of seconds is ERR_USAGE with the name of the option', () => {
  for (const text of ['', '-1', '5s', '1e3', 'x', '86401', '.5', ' 5', 'Infinity']) {
    assert.throws(
      () => parseSeconds(text, '--drain-delay'),
      coded('ERR_USAGE', '--drain-delay', `"${text}"`),
    );
  }
});
