import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeHeader, decodePax, paxText } from '../../src/tar/decode-header.ts';
import { encodeHeader } from '../../src/tar/header.ts';
import { coded } from '../support/expect.ts';

const PLAIN = { path: 'a/b', type: 'file', mode: 0o4755, uid: 7, gid: 8, size: 9, target: '' } as const;

/** A header with other bytes at `at`, its checksum set anew. */
function changed(at: number, bytes: string): Buffer {
  const block = Buffer.from(encodeHeader(PLAIN));
  block.write(bytes, at, 'latin1');
  block.fill(' ', 148, 156, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(sum.toString(8).padStart(7, '0'), 148, 'latin1');
  return block;
}

test('a header that was encoded is decoded', () => {
  const flags = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const;
  for (const type of ['file', 'hardlink', 'symlink', 'directory'] as const) {
    const { type: _, ...numbers } = PLAIN;
    const header = { ...PLAIN, type, mtime: 1_700_000_000, target: type === 'file' ? '' : 'to/ü' };
    assert.deepEqual(decodeHeader(encodeHeader(header)), {
      ...numbers,
      mtime: 1_700_000_000,
      flag: flags[type],
      target: header.target,
    });
  }
});

test('large numbers are in base 256', () => {
  const header = { ...PLAIN, uid: 4_294_967_295, gid: 2_097_152, size: 2 ** 40 };
  const decoded = decodeHeader(encodeHeader(header));
  assert.deepEqual([decoded?.uid, decoded?.gid, decoded?.size], [4_294_967_295, 2_097_152, 2 ** 40]);
});

test('names and links of 100 bytes have no NUL', () => {
  const [path, target] = ['p'.repeat(100), 't'.repeat(100)];
  const decoded = decodeHeader(encodeHeader({ ...PLAIN, type: 'symlink', path, target }));
  assert.deepEqual([decoded?.path, decoded?.target], [path, target]);
});

test('POSIX headers have a prefix of the name, GNU ones other things there', () => {
  const gnu = changed(345, 'prefix');
  assert.equal(decodeHeader(gnu)?.path, 'a/b');
  gnu.write('ustar\x0000', 257, 'latin1');
  gnu.fill(' ', 148, 156, 'latin1');
  const sum = gnu.reduce((total, byte) => total + byte, 0);
  gnu.write(sum.toString(8).padStart(7, '0'), 148, 'latin1');
  assert.equal(decodeHeader(gnu)?.path, 'prefix/a/b');
});

test('numbers may have spaces around them; nonsense is not a number', () => {
  assert.equal(decodeHeader(changed(124, '       1750 '))?.size, 0o1750);
  assert.equal(decodeHeader(changed(124, '\0'.repeat(12)))?.size, 0);
  for (const nonsense of ['0000008', 'xyz', '-000001', '\xff'.repeat(12)])
    assert.equal(decodeHeader(changed(124, nonsense))?.size, Number.NaN, nonsense);
});

test('zeros are no header, and a wrong checksum is a fault', () => {
  assert.equal(decodeHeader(Buffer.alloc(512)), undefined);
  const block = Buffer.from(encodeHeader(PLAIN));
  block[0] = 0x78;
  assert.throws(() => decodeHeader(block), coded('ERR_TAR', 'checksum'));
  const single = Buffer.alloc(512);
  single[511] = 1;
  assert.throws(() => decodeHeader(single), coded('ERR_TAR'));
});

test('PAX records are read whatever bytes are in their values', () => {
  const data = Buffer.from('12 path=a/b\n15 x=\n9 y=1\n\xff\xfe\n10 uid=12\n', 'latin1');
  const records = decodePax(data);
  assert.deepEqual(
    ['path', 'uid', 'y'].map((key) => paxText(records, key)),
    ['a/b', '12', undefined],
  );
  assert.deepEqual(records.get('x'), Buffer.from('\n9 y=1\n\xff\xfe', 'latin1'));
  assert.equal(decodePax(Buffer.alloc(0)).size, 0);
});

test('malformed PAX records are a fault', () => {
  for (const text of [
    'x',
    '99 a=b\n',
    '0x6 a=b\n',
    '6e0 a=b\n',
    ' 7 a=b\n',
    '+7 a=b\n',
    '6 a=bc',
    '4 a=b',
    '0 a=b\n',
    '-5 a=b\n',
    '7 abcd\n',
    ' a=b\n',
    '6 a=b\n5',
    '3 =\n',
  ])
    assert.throws(() => decodePax(Buffer.from(text)), coded('ERR_TAR', 'PAX'), JSON.stringify(text));
});
