/** docs/troubleshooting.md has every code of the table of error codes, its cause, and a command for it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { ERROR_CODES } from '../../src/base/error-codes.ts';
import { projectText } from '../support/project.ts';

const ROWS = projectText('docs/troubleshooting.md')
  .split('\n')
  .filter((line) => line.includes('| `ERR_'))
  .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '')));

test('each cause is what the table of error codes says', () => {
  const codes: Readonly<Record<string, string>> = ERROR_CODES;
  for (const [, code = '', cause] of ROWS) assert.equal(cause, codes[code.replaceAll('`', '')], code);
});

test('each code is there once, with a symptom and a command', () => {
  const seen = ROWS.map(([, code = '']) => code.replaceAll('`', ''));
  assert.deepEqual(seen.toSorted(), Object.keys(ERROR_CODES).toSorted());
  for (const [symptom, code, , command] of ROWS) {
    assert.ok(symptom !== undefined && symptom.length > 10, code);
    assert.match(String(command), /`[^`]+`/, code);
  }
});
