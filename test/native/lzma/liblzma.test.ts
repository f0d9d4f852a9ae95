import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { loadLiblzma, lzmaVersion } from '../../../src/native/lzma/liblzma.ts';
import { giveLargeBlocksBack } from '../../../src/native/lzma/malloc.ts';

test('the version of liblzma is known', () => {
  assert.match(lzmaVersion(), /^5\.\d+\.\d+/);
});

test('a missing liblzma is reported with the names of its packages', () => {
  assert.throws(() => loadLiblzma('liblzma-of-nobody.so.5'), {
    code: 'ERR_LIBLZMA_MISSING',
    message: /^cannot load liblzma-of-nobody\.so\.5: .*Debian: liblzma5, Fedora: xz-libs/,
  });
});

test('a library without the functions of liblzma is reported', () => {
  assert.throws(() => loadLiblzma('libm.so.6'), {
    code: 'ERR_LIBLZMA_MISSING',
    message: /^cannot use libm\.so\.6: /,
  });
});

test('malloc keeps no large blocks, where there is glibc', {
  skip: !existsSync('/lib64/ld-linux-x86-64.so.2'),
}, () => {
  assert.equal(giveLargeBlocksBack(), true);
});
