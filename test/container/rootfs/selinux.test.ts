import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { nodeAt } from '../../../src/container/rootfs/root-tree.ts';
import { withPolicyLabels } from '../../../src/container/rootfs/selinux.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { makePolicy, makeRootTree, scanned } from '../../support/root-trees.ts';

const skip = unlessInstalled('ostree');

async function place(t: test.TestContext) {
  const root = join(await tempDir(t), 'root');
  makeRootTree(root);
  makePolicy(root);
  const labels = async () => {
    const labelled = await withPolicyLabels(scanned(root).root, 'it');
    return (path: string) => nodeAt(labelled, path)?.xattrs.map(({ value }) => value.toString());
  };
  return { root, labels };
}

test("files get the labels of the tree's policy", { skip }, async (t) => {
  const { labels } = await place(t);
  const of = await labels();
  assert.deepEqual(of('usr/bin/tool'), ['system_u:object_r:bin_t:s0\0']);
  assert.deepEqual(of('usr/bin/alias'), ['system_u:object_r:default_t:s0\0'], 'a link is no regular file');
  assert.deepEqual(of('etc/ssl'), ['system_u:object_r:etc_t:s0\0']);
  assert.deepEqual(of('run'), ['system_u:object_r:default_t:s0\0']);
});

test('a tree without an enabled policy stays as it is', async (t) => {
  const { root, labels } = await place(t);
  writeFileSync(join(root, 'etc/selinux/config'), 'SELINUX=disabled\nSELINUXTYPE=targeted\n');
  assert.deepEqual((await labels())('usr/bin/tool'), []);
  rmSync(join(root, 'etc/selinux'), { recursive: true });
  assert.deepEqual((await labels())('usr/bin/tool'), []);
});

test('a policy that cannot be loaded is an error that names the tree', { skip }, async (t) => {
  const { root, labels } = await place(t);
  rmSync(join(root, 'etc/selinux/targeted/contexts'), { recursive: true });
  mkdirSync(join(root, 'etc/selinux/targeted/contexts'));
  await assert.rejects(labels(), coded('ERR_SELINUX', 'policy of it'));
});
