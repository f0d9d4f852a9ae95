import assert from 'node:assert/strict';
import test from 'node:test';
import { ERROR_CODES } from '../../src/base/error-codes.ts';
import { projectFiles, projectText } from '../support/project.ts';

const CODES = Object.keys(ERROR_CODES);
const TABLE = 'src/base/error-codes.ts';

/** The codes that no file of `paths` mentions. */
function missingIn(paths: readonly string[]): string[] {
  const words = new Set(paths.flatMap((path) => projectText(path).match(/\bERR_[A-Z0-9_]+\b/g) ?? []));
  return CODES.filter((code) => !words.has(code));
}

test('every error code is thrown somewhere', () => {
  assert.deepEqual(missingIn(projectFiles('src/**/*.ts').filter((path) => path !== TABLE)), []);
});

test('every error code has a test', () => {
  assert.deepEqual(missingIn(projectFiles('test/**/*.test.ts')), []);
});
