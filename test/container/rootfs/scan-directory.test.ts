import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { nodeAt, nodesOf, type RootTree } from '../../../src/container/rootfs/root-tree.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { coded } from '../../support/expect.ts';
import { makeRootTree, scanned } from '../../support/root-trees.ts';

async function place(t: test.TestContext) {
  const root = join(await tempDir(t), 'root');
  makeRootTree(root);
  return root;
}

function pathsOf({ root }: RootTree): readonly string[] {
  return [...nodesOf(root)].map(({ path }) => path);
}

test('a tree is read with what a commit keeps of its entries', async (t) => {
  const root = await place(t);
  utimesSync(root, 1, 1_700_000_000);
  const tree = scanned(root);
  assert.equal(tree.changed, 1_700_000_000);
  const tool = nodeAt(tree.root, 'usr/bin/tool');
  assert.equal(tool?.kind === 'file' && tool.mode, 0o104755);
  assert.equal(nodeAt(tree.root, 'usr/bin/tool-2'), tool, 'one file with two names');
  const link = nodeAt(tree.root, 'usr/bin/alias');
  assert.equal(link?.kind === 'symlink' && link.target, 'tool');
  assert.equal(nodeAt(tree.root, 'bin/tool'), undefined, 'no link is followed');
  const sparse = nodeAt(tree.root, 'usr/lib/sparse');
  assert.equal(sparse?.kind === 'file' && sparse.size, 3_000_000);
  const { uid, gid } = lstatSync(join(root, 'etc'));
  assert.deepEqual([tree.root.uid, tree.root.gid], [uid, gid]);
  assert.ok(pathsOf(tree).includes('/usr/lib/naïve – ü'));
});

test('what is mounted over, the repository and, on request, /var are left out, and told', async (t) => {
  const root = await place(t);
  const kept = scanned(root);
  assert.deepEqual(kept.notes, [
    'the content of /run (entries: 1) is left out',
    'the content of /sysroot (entries: 1) is left out',
    'the content of /tmp (entries: 1) is left out',
  ]);
  assert.ok(pathsOf(kept).includes('/sysroot'), 'the directories stay');
  assert.ok(pathsOf(kept).includes('/var/lib/app/state'));
  const dropped = scanned(root, { var: 'drop' });
  assert.deepEqual(
    pathsOf(dropped).filter((path) => path.startsWith('/var')),
    ['/var'],
  );
  assert.equal(dropped.notes.length, 4);
});

test('extended attributes are read', async (t) => {
  const root = await place(t);
  try {
    execFileSync('setfattr', ['-n', 'user.component', '-v', 'tools', join(root, 'usr/bin/tool')]);
  } catch {
    return t.skip('no setfattr, or no user attributes here');
  }
  const tool = nodeAt(scanned(root).root, 'usr/bin/tool');
  assert.deepEqual(
    tool?.xattrs.map(({ name, value }) => `${name}=${value}`),
    ['user.component=tools'],
  );
});

test('special files are refused by name, or left out', async (t) => {
  const root = await place(t);
  execFileSync('mkfifo', [join(root, 'usr/lib/pipe'), join(root, 'run/pipe')]);
  assert.throws(() => scanned(root), coded('ERR_ROOTFS_ENTRY', '/usr/lib/pipe', 'FIFO', '--special skip'));
  const tree = scanned(root, { special: 'skip' });
  assert.equal(tree.notes.at(-1), 'devices, FIFOs or sockets are left out: /usr/lib/pipe');
  assert.ok(!pathsOf(tree).includes('/usr/lib/pipe'));
});

test('names and targets that are not UTF-8 are refused, escaped', async (t) => {
  const root = await place(t);
  const bytes = Buffer.concat([Buffer.from(join(root, 'usr/lib/caf')), Buffer.from([0xe9])]);
  symlinkSync('\uFFFD', join(root, 'usr/lib/replacement \uFFFD'));
  assert.doesNotThrow(() => scanned(root), 'the replacement character itself is valid');
  symlinkSync(Buffer.from([0xff]), join(root, 'usr/lib/odd-target'));
  assert.throws(() => scanned(root), coded('ERR_ROOTFS_ENTRY', 'odd-target', '\\xff'));
  execFileSync('rm', [join(root, 'usr/lib/odd-target')]);
  writeFileSync(bytes, '');
  assert.throws(() => scanned(root), coded('ERR_ROOTFS_ENTRY', `${root}/usr/lib`, 'caf\\xe9'));
});

test('a directory that may not be read is named', async (t) => {
  const root = await place(t);
  for (const folder of [dirname(root), dirname(dirname(root))]) chmodSync(folder, 0o755);
  mkdirSync(join(root, 'usr/lib/secret'));
  chmodSync(join(root, 'usr/lib/secret'), 0);
  await asNobody(async () => {
    assert.throws(() => scanned(root), coded('ERR_IO', `${root}/usr/lib/secret`, 'podman unshare'));
  });
});

test('there must be a directory', async (t) => {
  const root = await place(t);
  assert.throws(() => scanned(join(root, 'none')), coded('ERR_ROOTFS', 'none'));
  assert.throws(() => scanned(join(root, 'usr/lib/empty')), coded('ERR_ROOTFS'));
});
