import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { keyfileString } from '../../../src/ostree/keyfile.ts';
import { readRepositoryConfig } from '../../../src/ostree/repo/config.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';

const CONFIG = '[core]\nrepo_version=1\nmode=archive-z2\n';

/** A repository without a config, and the folder that it lies in. */
async function repository(t: TestContext) {
  const folder = await tempDir(t);
  const path = join(folder, 'repo');
  mkdirSync(join(path, 'objects'), { recursive: true });
  return { folder, path, config: join(path, 'config') };
}

test('a config is a file of its repository, or a link to one', async (t) => {
  const { folder, path, config } = await repository(t);
  assert.equal(readRepositoryConfig(path), undefined);
  writeFileSync(config, CONFIG);
  assert.equal(keyfileString(readRepositoryConfig(path) ?? new Map(), 'core', 'mode'), 'archive-z2');
  rmSync(config);
  writeFileSync(join(path, 'config.real'), CONFIG);
  symlinkSync('config.real', config);
  assert.equal((await openRepository(path)).mode, 'archive');
  rmSync(config);
  writeFileSync(join(folder, 'outside'), CONFIG);
  symlinkSync('../outside', config);
  await assert.rejects(openRepository(path), coded('ERR_FILE_UNSAFE', config, join(folder, 'outside')));
});

test('a FIFO does not make us wait', { skip: unlessInstalled('mkfifo') }, async (t) => {
  const { path, config } = await repository(t);
  await must(['mkfifo', config]);
  await assert.rejects(openRepository(path), coded('ERR_FILE_UNSAFE', config, 'a FIFO'));
});

test('a config of any size is not read into memory', async (t) => {
  const { path, config } = await repository(t);
  writeFileSync(config, CONFIG);
  truncateSync(config, 2 ** 32);
  await assert.rejects(openRepository(path), coded('ERR_FILE_TOO_LARGE', config, `${2 ** 32}`));
});

test('the objects of a repository lie in it, however the repository itself is reached', async (t) => {
  const { folder, path, config } = await repository(t);
  writeFileSync(config, CONFIG);
  symlinkSync('repo', join(folder, 'named'));
  assert.equal((await openRepository(join(folder, 'named'))).mode, 'archive');
  mkdirSync(join(folder, 'child/objects'), { recursive: true });
  writeFileSync(join(folder, 'child/config'), `${CONFIG}parent=../named\n`);
  assert.equal((await openRepository(join(folder, 'child'))).parent?.path, join(folder, 'named'));
  rmSync(join(path, 'objects'), { recursive: true });
  mkdirSync(join(folder, 'elsewhere'));
  symlinkSync('../elsewhere', join(path, 'objects'));
  await assert.rejects(openRepository(path), coded('ERR_FILE_UNSAFE', path, '"objects" is a symbolic link'));
});

test('a repository that may not be read is named, with the reason', async (t) => {
  const { folder, path, config } = await repository(t);
  writeFileSync(config, CONFIG);
  for (const above of [folder, dirname(folder)]) chmodSync(above, 0o755);
  for (const closed of [path, config]) {
    chmodSync(closed, 0);
    await asNobody(() =>
      assert.rejects(openRepository(path), coded('ERR_REPO_MISSING', path, 'permission denied')),
    );
    chmodSync(closed, 0o755);
  }
});
