import assert from 'node:assert/strict';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { serializeXattrs } from '../../../src/ostree/xattrs.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';

const SUM = repeatedChecksum('ab');
const XATTRS = serializeXattrs([{ name: Buffer.from('user.a'), value: Buffer.from('b') }]);

async function repoWithFile(t: TestContext): Promise<string> {
  const folder = await tempDir(t);
  const path = join(folder, loosePath(SUM, 'file'));
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, 'foo');
  return folder;
}

async function xattrsOf(folder: string): Promise<Uint8Array> {
  const repo = await openRepository(folder);
  assert.equal(repo.mode, 'bare-split-xattrs');
  return (await repo.objects.content(SUM)).header.xattrs;
}

test('in a file of the object’s own, inline or a hard link', async (t) => {
  const folder = await repoWithFile(t);
  writeFileSync(join(folder, 'config'), '[core]\nmode=bare-split-xattrs\n');
  const link = join(folder, loosePath(SUM, 'file-xattrs-link'));
  writeFileSync(link, XATTRS);
  assert.deepEqual(await xattrsOf(folder), XATTRS);
  rmSync(link);
  const shared = join(folder, loosePath(SUM, 'file-xattrs'));
  writeFileSync(shared, XATTRS);
  linkSync(shared, link);
  assert.deepEqual(await xattrsOf(folder), XATTRS);
  rmSync(link);
  await assert.rejects(xattrsOf(folder), coded('ERR_OBJECT_MISSING', `${SUM}.file-xattrs-link`));
});

test('v0: a hard link into the directory xattrs, or nothing; no config', async (t) => {
  const folder = await repoWithFile(t);
  mkdirSync(join(folder, 'xattrs'));
  assert.deepEqual(await xattrsOf(folder), Buffer.alloc(0));
  writeFileSync(join(folder, 'xattrs', repeatedChecksum('cd')), XATTRS);
  linkSync(join(folder, 'xattrs', repeatedChecksum('cd')), join(folder, loosePath(SUM, 'file.xattrs')));
  assert.deepEqual(await xattrsOf(folder), XATTRS);
});

test('listing names the content, not its attributes', async (t) => {
  const folder = await repoWithFile(t);
  writeFileSync(join(folder, 'config'), '[core]\nmode=bare-split-xattrs\n');
  for (const extension of ['file-xattrs-link', 'file-xattrs', 'file.xattrs']) {
    writeFileSync(join(folder, loosePath(SUM, extension)), XATTRS);
  }
  const names: unknown[] = [];
  for await (const name of (await openRepository(folder)).objects.list()) names.push(name);
  assert.deepEqual(names, [{ type: 'file', checksum: SUM }]);
});
