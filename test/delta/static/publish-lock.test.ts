/** Publishers of deltas exclude each other, `ostree prune` and `ostree summary -u`. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { withPublishLock } from '../../../src/delta/static/publish-lock.ts';
import { withExclusiveLock } from '../../../src/native/ostree/detached-metadata.ts';
import { coded } from '../../support/expect.ts';
import { makeRepo, unlessLibostree } from '../../support/libostree.ts';
import { testFolder } from '../../support/small-image.ts';

const CONFIG = new Map([['core', new Map([['mode', 'archive-z2']])]]);
const AT_ONCE = { patience: 0 } as const;

async function emptyRepo(t: TestContext) {
  return { path: await testFolder(t), config: CONFIG };
}

test('one works after the other', async (t) => {
  const repo = await emptyRepo(t);
  const events: string[] = [];
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const first = withPublishLock(repo, async () => {
    events.push('first');
    await assert.rejects(
      withPublishLock(repo, async () => events.push('too early'), AT_ONCE),
      coded('ERR_DELTA_BUSY', 'deltas'),
    );
    begun.resolve();
    await release.promise;
    events.push('first ends');
  });
  await begun.promise;
  const second = withPublishLock(repo, async () => events.push('second'));
  release.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(events, ['first', 'first ends', 'second']);
});

test('the locks end with the work, also if it fails', async (t) => {
  const repo = await emptyRepo(t);
  await assert.rejects(
    withPublishLock(repo, () => Promise.reject(new Error('work'))),
    /work/,
  );
  assert.equal(await withPublishLock(repo, async () => 'done', AT_ONCE), 'done');
});

test('a directory of deltas that was replaced is locked as well', async (t) => {
  const repo = await emptyRepo(t);
  await withPublishLock(repo, async () => {
    rmSync(join(repo.path, 'deltas'), { recursive: true });
    mkdirSync(join(repo.path, 'deltas'));
    assert.equal(await withPublishLock(repo, async () => 'done', AT_ONCE), 'done');
  });
});

test('libostree has the repository', { skip: unlessLibostree() }, async (t) => {
  const path = join(await testFolder(t), 'repo');
  using writable = makeRepo(path, 'archive');
  const repo = { path, config: CONFIG };
  await withExclusiveLock(writable, async () => {
    await assert.rejects(
      withPublishLock(repo, async () => {}, AT_ONCE),
      coded('ERR_DELTA_BUSY', '.lock'),
    );
    const unlocked = new Map([['core', new Map([['locking', 'false']])]]);
    assert.equal(await withPublishLock({ path, config: unlocked }, async () => 'done', AT_ONCE), 'done');
  });
  assert.equal(await withPublishLock(repo, async () => 'done', AT_ONCE), 'done');
});
