import assert from 'node:assert/strict';
import { rmSync, truncateSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { smallMetadata } from '../../../src/server/content/small-metadata.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { makeMirror, opened } from '../../support/mirror-root.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { archiveFixture } from '../repos.ts';

const skip = unlessInstalled('tar');

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'treeport-metadata-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

test('metadata of a repository stays in memory as long as its file is the same', async (t) => {
  const { path, repo, commit } = await archiveFixture(t);
  const first = smallMetadata(repo, 'commit', commit);
  assert.ok(first?.content.equals(await repo.objects.metadata('commit', commit)));
  assert.equal(smallMetadata(repo, 'commit', commit), first);
  truncateSync(join(path, loosePath(commit, 'commit')), 10);
  assert.equal(smallMetadata(repo, 'commit', commit), undefined);
  rmSync(join(path, loosePath(commit, 'commit')));
  assert.equal(smallMetadata(repo, 'commit', commit), undefined);
});

test('metadata of a mirror image is that of its embedded repo', { skip }, async (t) => {
  const { path, source } = await makeMirror(await temporaryDirectory(t));
  const repo = await opened(t, path);
  const first = smallMetadata(repo, 'commit', source.commit);
  assert.ok(first?.content.equals(await repo.objects.metadata('commit', source.commit)));
  assert.equal(smallMetadata(repo, 'commit', source.commit), first);
  assert.equal(smallMetadata(repo, 'commit', repeatedChecksum('0')), undefined);
});
