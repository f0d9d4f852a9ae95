import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { checkRefName, isRefName, isRemoteName } from '../../src/ostree/ref-name.ts';

test('ref names', () => {
  const names = [
    'main',
    'a/b/c',
    'exampleos/x86_64/main',
    'v1.2-rc_3',
    '_x',
    '9',
    'exämple/файл',
    'a..b',
    'a.',
  ];
  for (const name of names) assert.equal(isRefName(name), true, name);
});

test('what would be no ref, or lead out of refs/heads, is refused', () => {
  const names = [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    '.a',
    '-a',
    'a/-b',
    'a b',
    'a\n',
    'a\0',
    'a:b',
    'a^',
    'a%2f',
    'a\\b',
  ];
  for (const name of names) {
    assert.equal(isRefName(name), false, JSON.stringify(name));
    assert.throws(
      () => checkRefName(name),
      (error) => isTreeportError(error, 'ERR_REF_SYNTAX') && !error.message.includes('\n'),
    );
  }
});

test('the name of a remote is one component', () => {
  for (const name of ['fedora', 'my-os', 'a.b_c', '9']) assert.equal(isRemoteName(name), true, name);
  for (const name of ['', 'a/b', '-a', '.a', 'a:b', 'a\n', '..'])
    assert.equal(isRemoteName(name), false, JSON.stringify(name));
});
