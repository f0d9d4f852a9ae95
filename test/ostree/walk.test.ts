import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, describe } from 'node:test';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { loadCommitObject } from '../../src/ostree/load.ts';
import { formatObjectName, loosePath, type ObjectName } from '../../src/ostree/object-name.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { reachableObjects, walkTree } from '../../src/ostree/walk.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { deepCommit } from '../support/deep-commit.ts';
import { coded } from '../support/expect.ts';
import { FIXTURE_OBJECTS, updateOstreeFixture, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { listTree } from '../support/ostree-repos.ts';
import { ModeRepos, skip } from './repo/modes.ts';

describe('against ostree ls -R', { skip }, () => {
  const repos = new ModeRepos();
  after(() => repos.remove());

  test('the same entries in the same order', async () => {
    const { path, objects, commit } = await repos.open('bare-user');
    const { rootTree, rootMeta } = await loadCommitObject(objects, commit);
    const ours: string[] = [];
    for await (const visit of walkTree(objects, { tree: rootTree, meta: rootMeta })) {
      ours.push(
        visit.kind === 'file'
          ? `${visit.path} ${visit.checksum}`
          : `${visit.path} ${visit.tree} ${visit.meta}`,
      );
    }
    const theirs = (await listTree(path, commit)).map(({ path, checksum, meta }) =>
      meta === undefined ? `${path} ${checksum}` : `${path} ${checksum} ${meta}`,
    );
    assert.ok(theirs.length > 50);
    assert.deepEqual(ours, theirs);
  });
});

test('a walk may start at any directory', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const { rootTree, rootMeta } = await loadCommitObject(objects, commit);
  const files: Record<string, string> = {};
  let bin: { tree: Checksum; meta: Checksum } | undefined;
  for await (const visit of walkTree(objects, { tree: rootTree, meta: rootMeta })) {
    if (visit.kind === 'file') files[visit.path] = visit.checksum;
    else if (visit.path === '/usr/bin') bin = visit;
  }
  assert.deepEqual(files, FIXTURE_OBJECTS);
  assert.ok(bin);
  const below: string[] = [];
  for await (const { path } of walkTree(objects, bin, '/usr/bin')) below.push(path);
  assert.deepEqual(below, [
    '/usr/bin',
    ...Object.keys(FIXTURE_OBJECTS).filter((path) => path.startsWith('/usr/bin/')),
  ]);
});

test('reachable objects come once, also those that two commits share', async (t) => {
  const fixture = await writeOstreeFixture(await tempDir(t));
  const update = await updateOstreeFixture(fixture);
  const { objects } = await openRepository(fixture.path);
  const seen = new Set<string>();
  const names: string[] = [];
  for (const commit of [fixture.commit, update]) {
    for await (const name of reachableObjects(objects, commit, seen)) names.push(formatObjectName(name));
  }
  assert.equal(new Set(names).size, names.length);
  const listed: string[] = [];
  for await (const name of objects.list()) listed.push(formatObjectName(name));
  assert.deepEqual(names.toSorted(), listed.toSorted());
});

test('a directory that claims to hold itself ends the walk', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const { rootTree, rootMeta } = await loadCommitObject(objects, commit);
  const file = join(path, loosePath(rootTree, 'dirtree'));
  const bytes = readFileSync(file);
  const usr = bytes.indexOf(Buffer.from('usr\0')) + 4;
  Buffer.from(rootTree, 'hex').copy(bytes, usr);
  writeFileSync(file, bytes);
  const walk = async () => {
    for await (const _ of walkTree(objects, { tree: rootTree, meta: rootMeta }));
  };
  await assert.rejects(walk(), coded('ERR_OBJECT_CORRUPT', `${rootTree}.dirtree`));
});

test('a tree of any depth is walked', async () => {
  const { commit, rootTree, meta, source } = deepCommit(20_000);
  const last = { path: '', directories: 0 };
  for await (const { path } of walkTree(source, { tree: rootTree, meta })) {
    last.path = path;
    last.directories += 1;
  }
  assert.equal(last.path, '/d'.repeat(19_999));
  assert.equal(last.directories, 20_000);
  const names: string[] = [];
  for await (const name of reachableObjects(source, commit)) names.push(formatObjectName(name));
  assert.equal(names.length, 20_002);
});

test('a directory has as many subdirectories as it likes', async () => {
  const names = Array.from({ length: 150_000 }, (_, index) => String(index).padStart(6, '0'));
  const { commit, rootTree, meta, source } = deepCommit(2, names);
  const count = { visits: 0 };
  for await (const _ of walkTree(source, { tree: rootTree, meta })) count.visits += 1;
  assert.equal(count.visits, 150_001);
  const objects: ObjectName[] = [];
  for await (const name of reachableObjects(source, commit)) objects.push(name);
  assert.equal(objects.length, 4);
});
