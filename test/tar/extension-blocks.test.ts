import assert from 'node:assert/strict';
import test from 'node:test';
import { paxXattrs } from '../../src/tar/entry.ts';
import { ExtensionBlocks } from '../../src/tar/extension-blocks.ts';
import { coded } from '../support/expect.ts';
import { tarArchive, tarEntry } from '../support/tar-streams.ts';

const VALUE = Buffer.from([0xff, 0x00, 0x80, 0x0a, 0x3d]);

test('records are bytes, and hold for one entry', () => {
  const blocks = new ExtensionBlocks();
  const records = Buffer.concat(paxXattrs([{ name: Buffer.from('user.x'), value: VALUE }]));
  assert.deepEqual(blocks.read(records).records.get('SCHILY.xattr.user.x'), VALUE);
  assert.equal(blocks.read(Buffer.alloc(0)).records.size, 0);
});

test('global records hold for all entries that follow', () => {
  const blocks = new ExtensionBlocks();
  const records = Buffer.concat(paxXattrs([{ name: Buffer.from('user.x'), value: VALUE }]));
  records.write('g', 156, 'latin1');
  records.writeUInt8(records.readUInt8(153) - (('x'.charCodeAt(0) - 'g'.charCodeAt(0)) % 8), 153);
  const sum = [...records.subarray(0, 512)].reduce(
    (all, byte, at) => all + (at < 148 || at > 155 ? byte : 32),
    0,
  );
  records.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  assert.equal(blocks.read(records).records.size, 1);
  assert.equal(blocks.read(Buffer.alloc(0)).records.size, 1);
});

test('anything else is refused', () => {
  const read = (bytes: Buffer) => () => new ExtensionBlocks().read(bytes);
  assert.throws(read(Buffer.alloc(512)), coded('ERR_TAR', 'follows its end'));
  assert.throws(read(tarEntry({ path: 'file', data: 'x' })), coded('ERR_TAR', 'type "0"'));
  const long = tarArchive([{ path: 'n'.repeat(300) }]);
  assert.throws(read(long.subarray(0, 512)), coded('ERR_TAR', 'cut off'));
  assert.equal(new ExtensionBlocks().read(long.subarray(0, 1024)).names.path, 'n'.repeat(300));
});
