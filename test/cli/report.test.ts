import assert from 'node:assert/strict';
import test from 'node:test';
import { TreeportError } from '../../src/base/errors.ts';
import { codedError } from '../../src/cli/report.ts';

function codeAndWords(thrown: unknown): string {
  const { code, message } = codedError(thrown);
  return `${code}: ${message}`;
}

test('system errors get a code and keep the words of the system', () => {
  const system = (code: string) => Object.assign(new Error(`${code}: words, open '/x'`), { code });
  assert.equal(codeAndWords(system('ENOSPC')), "ERR_DISK_FULL: ENOSPC: words, open '/x'");
  assert.equal(codeAndWords(system('EACCES')), "ERR_IO: EACCES: words, open '/x'");
});

test('coded errors stay as they are', () => {
  assert.equal(codeAndWords(new TreeportError('ERR_REF_MISSING', 'no ref')), 'ERR_REF_MISSING: no ref');
});

test('anything else is a fault of ours, on one line', () => {
  assert.equal(codeAndWords(new TypeError('x is\n  undefined')), 'ERR_INTERNAL: x is; undefined');
  assert.equal(codeAndWords('thrown text'), 'ERR_INTERNAL: thrown text');
});

test('a process without descriptors says so, whatever it could not open', () => {
  const message = "no repository at /r: EMFILE: too many open files, open '/r'";
  assert.match(
    codeAndWords(new TreeportError('ERR_REPO_MISSING', message)),
    /^ERR_OPEN_FILES: .*ulimit.*\/r/,
  );
  const coded = new TreeportError('ERR_OPEN_FILES', 'too many open files');
  assert.equal(codeAndWords(coded), 'ERR_OPEN_FILES: too many open files');
});
