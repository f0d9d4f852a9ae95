import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, describe } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { libcXattrs } from '../../../src/native/libc/xattrs.ts';
import { checksumOf, parseChecksum } from '../../../src/ostree/checksum.ts';
import { formatObjectName, type ObjectName } from '../../../src/ostree/object-name.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { fileChecksum } from '../../../src/ostree/verify.ts';
import { reachableObjects } from '../../../src/ostree/walk.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { writeOstreeFixture } from '../../support/ostree-fixture.ts';
import { listTree, unpackSplitFixture } from '../../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';
import { kinds, ModeRepos, skip } from './modes.ts';

async function rehash(
  objects: AsyncIterable<ObjectName>,
  repo: Awaited<ReturnType<typeof openRepository>>,
): Promise<Set<string>> {
  const seen = new Set<string>();
  for await (const name of objects) {
    const { type, checksum } = name;
    const actual =
      type === 'file'
        ? await fileChecksum(await repo.objects.content(checksum))
        : checksumOf(await repo.objects.metadata(type, checksum));
    assert.equal(actual, checksum, formatObjectName(name));
    assert.equal(await repo.objects.has(name), true);
    seen.add(formatObjectName(name));
  }
  return seen;
}

describe('repositories made by ostree', { skip }, () => {
  const repos = new ModeRepos();
  after(() => repos.remove());

  for (const kind of kinds) {
    test(`${kind}: every object reads and has its id`, async () => {
      const repo = await repos.open(kind);
      const reached = await rehash(reachableObjects(repo.objects, repo.commit), repo);
      const listed = await rehash(repo.objects.list(), repo);
      assert.deepEqual([...reached].toSorted(), [...listed].toSorted());
      if (kind === 'v0') return;
      const expected = new Set([`${repo.commit}.commit`]);
      for (const { kind: entry, checksum, meta } of await listTree(repo.path, repo.commit)) {
        expected.add(entry === 'd' ? `${checksum}.dirtree` : `${checksum}.file`);
        if (meta !== undefined) expected.add(`${meta}.dirmeta`);
      }
      assert.deepEqual([...reached].toSorted(), [...expected].toSorted());
      await must(['ostree', `--repo=${repo.path}`, 'fsck', '--quiet']);
    });
  }

  test('equal trees are equal commits in every mode that keeps owners', async () => {
    const wanted = kinds.filter((kind) => kind !== 'bare-user-only');
    const trees = new Set<string>();
    for (const kind of wanted) {
      const { objects, commit } = await repos.open(kind);
      for await (const { type, checksum } of reachableObjects(objects, commit)) {
        if (type === 'dirtree') trees.add(checksum);
        if (type === 'dirtree') break;
      }
    }
    assert.equal(trees.size, 1);
  });

  test('a content object streams as often as asked, in pieces that add up to its size', async () => {
    for (const kind of kinds) {
      const { objects } = await repos.open(kind);
      for await (const { type, checksum } of objects.list()) {
        if (type !== 'file') continue;
        const object = await objects.content(checksum);
        for (let round = 0; round < 2; round++) {
          let size = 0;
          for await (const piece of object.stream()) size += piece.length;
          assert.equal(size, object.size, `${kind} ${checksum}`);
        }
      }
    }
  });
});

test('any range of a content object is that range of its stream, in every mode', { skip }, async () => {
  const repos = new ModeRepos();
  after(() => repos.remove());
  for (const kind of kinds) {
    const { objects } = await repos.open(kind);
    for await (const { type, checksum } of objects.list()) {
      if (type !== 'file') continue;
      const { size, stream, bytes } = await objects.content(checksum);
      const whole = await collect(stream());
      const cuts = [0, 1, 1000, Math.floor(size / 2), size - 1, size].filter(
        (cut) => cut >= 0 && cut <= size,
      );
      for (const from of cuts)
        for (const to of cuts.filter((cut) => cut >= from))
          assert.ok(
            (await collect(bytes(from, to))).equals(whole.subarray(from, to)),
            `${kind} ${checksum} from ${from} to ${to}`,
          );
      for (const [from, to] of [
        [-1, 0],
        [1, 0],
        [0, size + 1],
        [0.5, 1],
      ] as const)
        assert.throws(() => bytes(from, to), RangeError);
    }
  }
});

test("libostree's own bare-split-xattrs repository", {
  skip: unlessInstalled('tar', 'xz') || unlessRoot(),
}, async (t) => {
  const repo = await openRepository(await unpackSplitFixture(await tempDir(t)));
  assert.equal(repo.mode, 'bare-split-xattrs');
  const commit = parseChecksum('d614c428015227259031b0f19b934dade908942fd71c49047e0daa70e7800a5d');
  const seen = await rehash(reachableObjects(repo.objects, commit), repo);
  assert.equal(seen.size, 6);
  assert.deepEqual(seen, await rehash(repo.objects.list(), repo));
});

test('a repository with a parent shows the objects of both', async (t) => {
  const folder = await tempDir(t);
  const parent = await writeOstreeFixture(join(folder, 'parent'));
  const child = join(folder, 'child');
  mkdirSync(join(child, 'objects'), { recursive: true });
  writeFileSync(join(child, 'config'), '[core]\nmode=bare-user-only\nparent=../parent\n');
  const repo = await openRepository(child);
  assert.equal(repo.mode, 'bare-user-only');
  assert.equal(repo.parent?.path, parent.path);
  assert.ok(
    (await rehash(reachableObjects(repo.objects, parent.commit), repo)).has(`${parent.commit}.commit`),
  );
  const missing = { type: 'file', checksum: repeatedChecksum('a') } as const;
  assert.equal(await repo.objects.has(missing), false);
  await assert.rejects(repo.objects.content(missing.checksum), coded('ERR_OBJECT_MISSING'));
});

test('what is no repository is named, with the reason', async (t) => {
  const folder = await tempDir(t);
  const config = (text: string) => {
    rmSync(join(folder, 'repo'), { recursive: true, force: true });
    mkdirSync(join(folder, 'repo/objects'), { recursive: true });
    writeFileSync(join(folder, 'repo/config'), text);
    return join(folder, 'repo');
  };
  await assert.rejects(
    openRepository(join(folder, 'nowhere')),
    coded('ERR_REPO_MISSING', 'nowhere: no such directory'),
  );
  await assert.rejects(openRepository(folder), coded('ERR_REPO_MISSING', 'has no directory "objects"'));
  mkdirSync(join(folder, 'bald/objects'), { recursive: true });
  await assert.rejects(openRepository(join(folder, 'bald')), coded('ERR_REPO_MISSING', 'bald', 'config'));
  for (const name of ['constructor', '__proto__', 'toString'])
    await assert.rejects(openRepository(config(`[core]\nmode=${name}\n`)), coded('ERR_REPO_MODE', name));
  for (const version of ['2', '01', ''])
    await assert.rejects(
      openRepository(config(`[core]\nrepo_version=${version}\nmode=archive-z2\n`)),
      coded('ERR_REPO_CONFIG', `repo_version "${version}"`),
    );
  await assert.rejects(
    openRepository(config('[core]\nmode=bare-future\n')),
    coded('ERR_REPO_MODE', '"bare-future"', 'archive'),
  );
  await assert.rejects(
    openRepository(config('[core]\nnonsense\n')),
    coded('ERR_REPO_CONFIG', 'config, line 2'),
  );
  await assert.rejects(
    openRepository(config('[core]\nmode=bare\nparent=.\n')),
    coded('ERR_REPO_CONFIG', 'circle'),
  );
  await assert.rejects(
    openRepository(config('[core]\nmode=bare\nparent=/nowhere\n')),
    coded('ERR_REPO_MISSING', '/nowhere'),
  );
});

test('modes that keep data in attributes need a reader for them', {
  skip: unlessInstalled('ostree'),
}, async (t) => {
  const folder = await tempDir(t);
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  writeFileSync(join(tree, 'file'), 'x\n');
  for (const mode of ['bare', 'bare-user']) {
    const path = join(folder, mode);
    await must(['ostree', `--repo=${path}`, 'init', `--mode=${mode}`]);
    await must(['ostree', `--repo=${path}`, 'commit', '--branch=main', tree]);
    const [entry] = (await listTree(path, 'main')).filter(({ kind }) => kind === '-');
    assert.ok(entry);
    const { checksum } = entry;
    const without = await openRepository(path);
    await assert.rejects(without.objects.content(checksum), coded('ERR_XATTRS_UNSUPPORTED'));
    const reading = await openRepository(path, { xattrs: libcXattrs });
    assert.equal(await fileChecksum(await reading.objects.content(checksum)), checksum);
  }
});
