import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { type PrepareRootOptions, prepareRoot } from '../../../src/container/rootfs/prepare-root.ts';
import { loadCommitObject } from '../../../src/ostree/load.ts';
import { dictBoolean, dictString, hasKey } from '../../../src/ostree/metadata-dict.ts';
import { formatObjectName, type ObjectName } from '../../../src/ostree/object-name.ts';
import type { ObjectSource } from '../../../src/ostree/object-source.ts';
import { signersInFile } from '../../../src/ostree/sign/key-file.ts';
import { verifyContent, verifyMetadata } from '../../../src/ostree/verify.ts';
import { reachableObjects, walkTree } from '../../../src/ostree/walk.ts';
import { writeNewKey } from '../../../src/signing/new-key.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { makeRootTree, scanned } from '../../support/root-trees.ts';

async function place(t: test.TestContext) {
  const folder = await tempDir(t);
  const root = join(folder, 'root');
  makeRootTree(root);
  const prepare = (options: Partial<PrepareRootOptions> = {}) =>
    prepareRoot(scanned(root), { where: root, timestamp: 1_700_000_000, threads: 1, ...options });
  return { folder, root, prepare };
}

async function checkAll(source: ObjectSource, commit: Awaited<ReturnType<typeof prepareRoot>>['commit']) {
  for await (const { type, checksum } of reachableObjects(source, commit)) {
    if (type === 'file') await verifyContent(await source.content(checksum), checksum);
    else verifyMetadata(type, checksum, await source.metadata(type, checksum));
  }
}

async function namesOf(objects: AsyncIterable<ObjectName>): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of objects) names.push(formatObjectName(name));
  return names.toSorted();
}

test('the commit is complete, and every object gives its id', async (t) => {
  const { prepare } = await place(t);
  const { source, commit } = await prepare({ version: '42' });
  await checkAll(source, commit);
  const { metadata, timestamp, parent, rootTree, rootMeta } = await loadCommitObject(source, commit);
  assert.deepEqual([timestamp, parent, dictString(metadata, 'version')], [1_700_000_000, undefined, '42']);
  assert.equal(dictString(metadata, 'ostree.linux'), '6.1.0');
  assert.equal(dictBoolean(metadata, 'ostree.bootable'), true);
  const paths: string[] = [];
  for await (const { path } of walkTree(source, { tree: rootTree, meta: rootMeta })) paths.push(path);
  assert.ok(paths.includes('/usr/etc/ssl/cert') && !paths.includes('/etc'));
  assert.deepEqual(await namesOf(source.list()), await namesOf(reachableObjects(source, commit)));
});

test('the same tree gives the same commit on one thread and on three, wherever it is', async (t) => {
  const { folder, root, prepare } = await place(t);
  const { commit } = await prepare({ threads: 1 });
  assert.equal((await prepare({ threads: 3 })).commit, commit);
  const moved = join(folder, 'moved');
  renameSync(root, moved);
  const options = { where: moved, timestamp: 1_700_000_000 };
  assert.equal((await prepareRoot(scanned(moved), options)).commit, commit);
});

test('the time is when the root directory was changed, unless it is given', async (t) => {
  const { root, prepare } = await place(t);
  utimesSync(root, 1, 1_600_000_000);
  const { source, commit } = await prepare({ timestamp: undefined });
  assert.equal((await loadCommitObject(source, commit)).timestamp, 1_600_000_000);
});

test('two kernels make the commit bootable, and name none', async (t) => {
  const { root, prepare } = await place(t);
  renameSync(join(root, 'usr/lib/modules/6.1.0'), join(root, 'usr/lib/modules/6.2.0'));
  makeSecondKernel(root);
  const { source, commit } = await prepare();
  const { metadata } = await loadCommitObject(source, commit);
  assert.deepEqual([dictBoolean(metadata, 'ostree.bootable'), metadata.has('ostree.linux')], [true, false]);
});

function makeSecondKernel(root: string): void {
  writeFileSync(join(root, 'usr/lib/modules/vmlinuz'), 'not in a directory of a release');
  const second = join(root, 'usr/lib/modules/6.3.0');
  renameSync(join(root, 'etc/ssl'), second);
  writeFileSync(join(second, 'vmlinuz'), 'another kernel');
}

test('a kernel in /boot alone is told, with where ostree looks for it', async (t) => {
  const { root, prepare } = await place(t);
  mkdirSync(join(root, 'boot'));
  renameSync(join(root, 'usr/lib/modules/6.1.0/vmlinuz'), join(root, 'boot/vmlinuz-6.1.0'));
  const { source, commit, notes } = await prepare();
  assert.match(
    notes.at(-1) ?? '',
    /not bootable.* \/boot\/vmlinuz-6\.1\.0; .*\/usr\/lib\/modules\/6\.1\.0\/vmlinuz/,
  );
  assert.equal((await loadCommitObject(source, commit)).metadata.has('ostree.bootable'), false);
});

test('signatures are detached metadata of the source', async (t) => {
  const { folder, prepare } = await place(t);
  const key = join(folder, 'key');
  await writeNewKey(key);
  const { source, commit } = await prepare({ signers: signersInFile('ed25519', key) });
  assert.ok(hasKey(await source.metadata('commitmeta', commit), 'ostree.sign.ed25519'));
  assert.equal(await source.has({ type: 'commitmeta', checksum: commit }), true);
});

const CHANGES: readonly (readonly [string, (path: string) => void, string])[] = [
  ['grows', (path) => appendFileSync(path, 'more'), 'bytes'],
  ['is gone', (path) => rmSync(path), 'gone'],
  [
    'is replaced by an equal file',
    (path) => {
      writeFileSync(`${path}.new`, 'certificate');
      renameSync(`${path}.new`, path);
    },
    'replaced',
  ],
  ['is written to', (path) => writeFileSync(path, 'CERTIFICATE'), 'written'],
  [
    'is written to and set back',
    (path) => {
      const { atimeMs, mtimeMs } = statSync(path);
      writeFileSync(path, 'CERTIFICATE');
      utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
    },
    '',
  ],
];

for (const [what, change, message] of CHANGES) {
  test(`a file that ${what} before it is hashed, or before it leaves, is refused`, async (t) => {
    const { root, prepare } = await place(t);
    const path = join(root, 'etc/ssl/cert');
    const { source, commit } = await prepare();
    const scannedBefore = scanned(root);
    change(path);
    const isChanged = coded('ERR_ROOTFS_CHANGED', path, message);
    await assert.rejects(checkAll(source, commit), isChanged);
    await assert.rejects(prepareRoot(scannedBefore, { where: root, threads: 1 }), isChanged);
  });
}
