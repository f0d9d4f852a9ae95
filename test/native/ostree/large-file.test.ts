import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { LargeFile } from '../../../src/native/ostree/large-file.ts';
import type { WritableMode } from '../../../src/native/ostree/repository.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import {
  assertThere,
  commitToArchive,
  giveCommit,
  makeRepo,
  unlessLibostree,
} from '../../support/libostree.ts';
import { treeOf } from '../../support/libostree-trees.ts';
import { unlessRoot } from '../../support/programs.ts';

const skip = unlessLibostree();
const MODES: readonly WritableMode[] = ['archive', 'bare', 'bare-user', 'bare-user-only'];

for (const mode of MODES) {
  const needsRoot = mode === 'bare' && unlessRoot();
  test(`a file of 64 MiB goes into mode ${mode} in pieces`, { skip: skip || needsRoot }, async (t) => {
    const folder = await tempDir(t);
    const source = await commitToArchive(folder, treeOf('bare-user-only', 64 * 1024 * 1024));
    using repo = makeRepo(join(folder, 'repo'), mode);
    const transaction = await startTransaction(repo);
    await giveCommit(transaction, source);
    await transaction.commit();
    await assertThere(repo.path, source);
    assert.deepEqual(
      readdirSync(join(repo.path, 'tmp')).filter((name) => name.startsWith('treeport')),
      [],
    );
  });
}

test('after the first error every call fails', { skip }, async (t) => {
  const directory = join(await tempDir(t), 'tmp');
  const bytes = Buffer.alloc(1000, 'x');
  const staging = {
    repo: directory,
    mode: 'archive',
    directory,
    syncs: true,
    syncsEach: false,
    level: 6,
  } as const;
  const file = new LargeFile({ pointer: 0n, staging }, directory);
  await assert.rejects(file.append(bytes), coded('ERR_IO', directory));
  mkdirSync(directory);
  await assert.rejects(file.append(bytes), coded('ERR_IO', directory));
  const checksum = checksumOf(Buffer.concat([bytes, bytes]));
  await assert.rejects(file.finish(checksum), coded('ERR_IO', directory));
  file.close();
  assert.deepEqual(readdirSync(directory), []);
});
