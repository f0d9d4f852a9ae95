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

/** Tests that construct the error do not show that anything throws it. */
function constructs(path: string, code: string): boolean {
  return new RegExp(`Error\\(\\s*'${code}'`).test(projectText(path));
}

/** The codes that no file of `paths` expects without constructing them. */
function unprovokedIn(paths: readonly string[]): string[] {
  const texts = paths.map((path) => ({
    path,
    words: new Set(projectText(path).match(/\bERR_[A-Z0-9_]+\b/g)),
  }));
  return CODES.filter((code) => !texts.some(({ path, words }) => words.has(code) && !constructs(path, code)));
}

/** Codes that no test of a whole program provokes, and why not; tests of their modules do. */
const BELOW: Readonly<Record<string, string>> = {
  ERR_STORAGE_MOUNT: 'the command reads the layers in another way then, and warns',
  ERR_REPO_CHANGED: 'the repository changes while it is read',
  ERR_XZ: 'the checksum of a part fails first',
  ERR_DELTA_SELF_CHECK: 'a fault of the generator',
  ERR_OBJECT_TOO_LARGE: 'an object of 128 MiB',
};

test('every error code is provoked by a test', () => {
  assert.deepEqual(unprovokedIn(projectFiles('test/**/*.test.ts')), []);
});

test('every error code that users can cause is provoked by a test of a whole program', () => {
  const programs = projectFiles('test/e2e/*.test.ts', 'test/cli/*.test.ts', 'test/cli.test.ts');
  assert.deepEqual(unprovokedIn(programs).toSorted(), Object.keys(BELOW).toSorted());
});
