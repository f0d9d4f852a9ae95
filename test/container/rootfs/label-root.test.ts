import assert from 'node:assert/strict';
import test from 'node:test';
import { labelRoot, policyFiles } from '../../../src/container/rootfs/label-root.ts';
import {
  nodeAt,
  nodesOf,
  type RootDirectory,
  type RootNode,
} from '../../../src/container/rootfs/root-tree.ts';

const OWN = { name: Buffer.from('security.selinux'), value: Buffer.from('container_t\0') };
const OTHER = { name: Buffer.from('user.x'), value: Buffer.from('1') };

function directory(entries: Readonly<Record<string, RootNode>>): RootDirectory {
  const attributes = { uid: 0, gid: 0, mode: 0o040755, xattrs: [] };
  return { kind: 'directory', ...attributes, entries: new Map(Object.entries(entries)) };
}

const file: RootNode = {
  ...{ kind: 'file', uid: 0, gid: 0, mode: 0o100755, xattrs: [OWN, OTHER], size: 0 },
  place: { root: '', path: '', start: 0, stamp: undefined },
};

const TREE = directory({
  usr: directory({ a: file, b: file, etc: directory({ x: file }) }),
  etc: directory({ selinux: directory({ config: file }), etcetera: file }),
});

test('every path is labelled by its mode, /usr/etc as /etc', () => {
  const asked: string[] = [];
  const labelled = labelRoot(TREE, (path, mode) => {
    asked.push(`${path} ${mode.toString(8)}`);
    return path === '/usr/b' ? undefined : `label of ${path}`;
  });
  assert.ok(
    asked.includes('/ 40755') && asked.includes('/etc/x 100755') && asked.includes('/etc/etcetera 100755'),
  );
  assert.ok(!asked.some((path) => path.startsWith('/usr/etc')));
  const attributes = (path: string) =>
    nodeAt(labelled, path)?.xattrs.map(({ name, value }) => `${name}=${value}`);
  assert.deepEqual(attributes('usr/a'), ['user.x=1', 'security.selinux=label of /usr/a\0']);
  assert.deepEqual(
    attributes('usr/b'),
    ['security.selinux=container_t\0', 'user.x=1'],
    'no label: as it was',
  );
  assert.equal([...nodesOf(labelled)].length, [...nodesOf(TREE)].length);
});

test('names of a file stay one file if they have one label', () => {
  const labelled = labelRoot(TREE, () => 'same');
  assert.equal(nodeAt(labelled, 'usr/a'), nodeAt(labelled, 'usr/b'));
});

test('the policy is found in /etc or /usr/etc', () => {
  assert.equal(policyFiles(TREE)?.path, 'etc/selinux');
  const moved = directory({ usr: directory({ etc: directory({ selinux: directory({ config: file }) }) }) });
  assert.equal(policyFiles(moved)?.path, 'usr/etc/selinux');
  assert.equal(policyFiles(directory({})), undefined);
});
