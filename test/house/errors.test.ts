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
  ERR_CHECKSUM_SYNTAX: 'the command line takes revisions, so only the library meets it',
  ERR_SUMMARY: 'the server logs it',
  ERR_REFS_UNREADABLE: 'the server logs it',
  ERR_VIRTUAL_DELTA: 'the server logs it',
  ERR_XATTRS_UNSUPPORTED: 'the command reads extended attributes wherever it runs',
  ERR_STORAGE_MOUNT: 'the reasons are those of container storage',
  ERR_CATALOGUE: 'the image was damaged after it was built',
  ERR_PACKS: 'the image was damaged after it was built',
  ERR_SEAL_OWNERS: 'a container build changed owners',
  ERR_DELTA_BUSY: 'two programs at once',
  ERR_ROOTFS_CHANGED: 'a file changes while it is read',
  ERR_REPO_CHANGED: 'the repository changes while it is read',
  ERR_SELINUX: 'needs SELinux and a tree with a broken policy',
  ERR_LIBLZMA_MISSING: 'a machine without the library',
  ERR_LIBOSTREE_MISSING: 'a machine without the library',
  ERR_LIBOSTREE: 'libostree fails as it should not',
  ERR_REPO_READ_ONLY: 'root may write everywhere',
  ERR_XZ: 'the checksum of a part fails first',
  ERR_DELTA_SELF_CHECK: 'a fault of the generator',
  ERR_OBJECT_TOO_LARGE: 'an object of 128 MiB',
  ERR_SIGNATURE_EXPIRED: 'keys of the past',
  ERR_SIGNATURE_REVOKED: 'keys of the past',
};

test('every error code is provoked by a test', () => {
  assert.deepEqual(unprovokedIn(projectFiles('test/**/*.test.ts')), []);
});

test('every error code that users can cause is provoked by a test of a whole program', () => {
  const programs = projectFiles('test/e2e/*.test.ts', 'test/cli/*.test.ts', 'test/cli.test.ts');
  assert.deepEqual(unprovokedIn(programs).toSorted(), Object.keys(BELOW).toSorted());
});
