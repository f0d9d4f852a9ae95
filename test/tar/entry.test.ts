import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeEntry, padding, paxXattrs } from '../../src/tar/entry.ts';

test('data is padded to whole blocks', () => {
  assert.deepEqual(
    [0, 1, 511, 512, 513].map((size) => padding(size).length),
    [0, 511, 1, 0, 511],
  );
});

test('long names: the path before the target, each with its NUL', () => {
  const path = 'p'.repeat(511);
  const target = 't'.repeat(512);
  const { blocks, header } = encodeEntry({
    path,
    type: 'symlink',
    mode: 0o777,
    uid: 0,
    gid: 0,
    size: 0,
    target,
  });
  const bytes = Buffer.concat(blocks);
  const flags = [0, 2, 5].map((block) => bytes.toString('latin1', block * 512 + 156, block * 512 + 157));
  assert.deepEqual(flags, ['L', 'K', '2']);
  assert.equal(bytes.toString('latin1', 512, 1024), `${path}\0`);
  assert.equal(bytes.toString('latin1', 1536, 2049), `${target}\0`);
  assert.equal(bytes.length, 6 * 512);
  assert.equal(blocks.at(-1), header);
});

test('the length of a PAX record counts its own digits', () => {
  const record = (bytes: number) => {
    const [, data] = paxXattrs([{ name: Buffer.from('user.k'), value: Buffer.alloc(bytes, 'v') }]);
    return String(data);
  };
  for (const bytes of [0, 5, 72, 73, 74, 75, 76, 971, 972, 973, 974]) {
    const text = record(bytes);
    assert.equal(Number(text.split(' ', 1)[0]), text.length, `a value of ${bytes} bytes`);
    assert.match(text, /^\d+ SCHILY\.xattr\.user\.k=v*\n$/);
  }
});

test('PAX values are bytes', () => {
  const value = Buffer.from([0, 10, 255]);
  const [, data] = paxXattrs([{ name: Buffer.from('user.b'), value }]);
  assert.deepEqual(data?.subarray(-4), Buffer.from([0, 10, 255, 10]));
  assert.deepEqual(paxXattrs([]), []);
});
