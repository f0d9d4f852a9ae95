import assert from 'node:assert/strict';
import test from 'node:test';
import {
  encodeHeader,
  encodeLongNameHeader,
  encodePaxHeader,
  isLong,
  type TarHeader,
} from '../../src/tar/header.ts';

const FILE: TarHeader = {
  path: 'usr/bin/sh',
  type: 'file',
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 12,
  target: '',
};

function text(block: Buffer, at: number, length: number): string {
  return block.toString('latin1', at, at + length);
}

/** The sum that POSIX prescribes, computed from the block as it is. */
function sumOf(block: Buffer): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

test('fields of a plain header', () => {
  const block = encodeHeader({ ...FILE, uid: 1000, gid: 0o7777777 });
  assert.equal(block.length, 512);
  assert.equal(text(block, 0, 11), 'usr/bin/sh\0');
  assert.equal(text(block, 100, 48), '0000755\x000001750\x007777777\x0000000000014\x0000000000000\0');
  assert.equal(text(block, 148, 8), `${sumOf(block).toString(8).padStart(7, '0')}\0`);
  assert.equal(text(block, 156, 1), '0');
  assert.equal(text(block, 257, 8), 'ustar  \0');
  assert.ok(block.subarray(265).every((byte) => byte === 0));
});

test('numbers that octal has no room for are base-256', () => {
  const block = encodeHeader({ ...FILE, uid: 0o10000000, gid: 0xffffffff, size: 8 * 1024 ** 3 });
  assert.equal(block.toString('hex', 108, 116), '8000000000200000');
  assert.equal(block.toString('hex', 116, 124), '80000000ffffffff');
  assert.equal(block.toString('hex', 124, 136), '800000000000000200000000');
  assert.equal(text(encodeHeader({ ...FILE, size: 8 * 1024 ** 3 - 1 }), 124, 12), '77777777777\0');
});

test('a text of exactly 100 bytes fills its field', () => {
  const path = 'p'.repeat(100);
  assert.equal(isLong(path), false);
  assert.equal(text(encodeHeader({ ...FILE, path }), 0, 101), `${path}0`);
});

test('a long path is cut between characters, and not after a lone dot', () => {
  const umlauts = 'ü'.repeat(51);
  assert.equal(isLong(umlauts), true);
  assert.equal(encodeHeader({ ...FILE, path: umlauts }).toString('utf8', 0, 100), 'ü'.repeat(50));
  assert.equal(
    text(encodeHeader({ ...FILE, path: `p${umlauts}` }), 98, 2),
    `${Buffer.from('ü').toString('latin1').slice(1)}\0`,
  );
  assert.equal(
    text(encodeHeader({ ...FILE, path: `${'p'.repeat(98)}/.hidden` }), 0, 100),
    `${'p'.repeat(98)}\0\0`,
  );
});

test('a long target shows the components that fit whole', () => {
  const shown = (target: string) => {
    const block = encodeHeader({ ...FILE, type: 'symlink', target });
    return block.toString('utf8', 157, 257).replace(/\0+$/, '');
  };
  assert.equal(shown(`${'a'.repeat(60)}/${'b'.repeat(60)}`), `${'a'.repeat(60)}/`);
  assert.equal(shown(`${'a'.repeat(100)}/b`), 'a'.repeat(100));
  assert.equal(shown('c'.repeat(101)), '');
  assert.equal(shown(`/${'c'.repeat(101)}`), '/');
});

test('a header encoded over another keeps what lies behind its texts', () => {
  const first = encodeHeader({
    ...FILE,
    path: 'objects/long-name',
    type: 'symlink',
    target: 'a-long-target',
  });
  const second = encodeHeader({ ...FILE, path: 'usr/sh', type: 'hardlink', size: 0, target: 'short' }, first);
  assert.equal(text(second, 0, 18), 'usr/sh\0/long-name\0');
  assert.equal(text(second, 157, 14), 'short\0-target\0');
  assert.equal(parseInt(text(second, 148, 7), 8), sumOf(second));
  assert.equal(text(first, 0, 17), 'objects/long-name', 'the first is left as it was');
});

test('long-name and PAX headers', () => {
  const long = encodeLongNameHeader('K', 102);
  assert.equal(text(long, 0, 14), '././@LongLink\0');
  assert.equal(text(long, 100, 8), '0000644\0');
  assert.equal(text(long, 156, 1), 'K');
  assert.equal(parseInt(text(long, 148, 7), 8), sumOf(long));
  const pax = encodePaxHeader(9);
  assert.ok(pax.subarray(0, 124).every((byte) => byte === 0));
  assert.equal(text(pax, 124, 12), '00000000011\0');
  assert.equal(text(pax, 156, 1), 'x');
  assert.equal(text(pax, 257, 8), 'ustar\x0000');
});
