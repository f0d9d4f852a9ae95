import assert from 'node:assert/strict';
import test from 'node:test';
import { layOut } from '../../../src/container/rootfs/lay-out.ts';
import { nodeAt, type RootDirectory, type RootNode } from '../../../src/container/rootfs/root-tree.ts';
import { coded } from '../../support/expect.ts';

function directory(entries: Readonly<Record<string, RootNode>> = {}, mode = 0o755): RootDirectory {
  const attributes = { uid: 7, gid: 8, mode: 0o040000 | mode, xattrs: [] };
  return { kind: 'directory', ...attributes, entries: new Map(Object.entries(entries)) };
}

const link: RootNode = { kind: 'symlink', uid: 0, gid: 0, mode: 0o120777, xattrs: [], target: 'usr' };

test('/etc becomes /usr/etc, and the root belongs to root', () => {
  const etc = directory({ ssl: directory() });
  const { root, notes } = layOut(directory({ etc, usr: directory({ bin: directory() }) }), 'it');
  assert.equal(root.entries.has('etc'), false);
  assert.equal(nodeAt(root, 'usr/etc'), etc);
  assert.deepEqual([root.uid, root.gid, root.mode, notes], [0, 0, 0o040755, []]);
});

test('a root without /etc, or with /usr/etc alone, is as it should be', () => {
  assert.equal(layOut(directory({ usr: directory() }, 0o555), 'it').root.mode, 0o040555);
  const etc = directory();
  assert.equal(nodeAt(layOut(directory({ usr: directory({ etc }) }), 'it').root, 'usr/etc'), etc);
});

test('a root directory that only root may enter is opened, and that is told', () => {
  const { root, notes } = layOut(directory({ usr: directory() }, 0o700), 'it');
  assert.equal(root.mode, 0o040755);
  assert.deepEqual(notes, ['the root directory has the mode 0755 in the commit, not 0700']);
});

test('a tree that is no OS is refused, saying what is wrong', () => {
  assert.throws(() => layOut(directory({ home: directory() }), 'it'), coded('ERR_ROOTFS', '/usr', 'home'));
  assert.throws(() => layOut(directory(), 'it'), coded('ERR_ROOTFS', 'nothing'));
  assert.throws(() => layOut(directory({ usr: link }), 'it'), coded('ERR_ROOTFS', 'symlink'));
  const usr = directory({ etc: directory() });
  assert.throws(() => layOut(directory({ etc: directory(), usr }), 'it'), coded('ERR_ROOTFS', 'both'));
  assert.throws(() => layOut(directory({ etc: link, usr: directory() }), 'it'), coded('ERR_ROOTFS', '/etc'));
});
