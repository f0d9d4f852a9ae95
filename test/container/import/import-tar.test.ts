import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { importTar } from '../../../src/container/import/import-tar.ts';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { serializeDict, stringVariant } from '../../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { listHeads } from '../../../src/ostree/refs.ts';
import { ArchiveWriter } from '../../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { exportCommit } from '../../../src/tar/export-commit.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { commitHostileTree } from '../../support/hostile-commit.ts';
import { oldTarStream } from '../../support/old-tar-streams.ts';
import { FIXTURE_COMMIT, FIXTURE_DETACHED } from '../../support/ostree-fixture.ts';
import { goldenTar, inPieces } from '../../support/tar-streams.ts';

async function newRepo(t: test.TestContext): Promise<string> {
  const path = join(await tempDir(t), 'repo');
  LibostreeRepo.create(path, 'archive').close();
  return path;
}

async function hostile(t: test.TestContext) {
  const writer = await ArchiveWriter.create(await tempDir(t));
  const commit = await commitHostileTree(writer);
  return { objects: (await openRepository(writer.path)).objects, commit };
}

for (const generation of ['today', 'linked', 'v0'] as const) {
  test(`a hostile commit in a stream "${generation}" goes through a repository unchanged`, async (t) => {
    const { objects, commit } = await hostile(t);
    const today = await collect(exportCommit(objects, commit));
    const tar = generation === 'today' ? today : await oldTarStream(objects, commit, generation);
    const repo = await newRepo(t);
    const imported = await importTar(inPieces(tar), { repo, writeRef: 'os/hostile' });
    assert.deepEqual(imported, { commit, signatures: [] });
    const opened = await openRepository(repo);
    assert.deepEqual([...(await listHeads(opened))], [['os/hostile', commit]]);
    assert.ok((await collect(exportCommit(opened.objects, commit))).equals(today));
  });
}

test('detached metadata is kept', async (t) => {
  const repo = await newRepo(t);
  await importTar(inPieces(await goldenTar('fixture-whole-commit-simplemeta')), { repo });
  const { objects } = await openRepository(repo);
  assert.ok((await objects.metadata('commitmeta', FIXTURE_COMMIT)).equals(FIXTURE_DETACHED));
});

test('an unverified import leaves the detached metadata of a commit that is there, and says so', async (t) => {
  const repo = await newRepo(t);
  await importTar(inPieces(await goldenTar('fixture-whole-commit-nometa')), { repo });
  const path = join(repo, loosePath(FIXTURE_COMMIT, 'commitmeta'));
  const present = serializeDict(new Map([['signed', stringVariant('well')]]));
  writeFileSync(path, present);
  const warnings: string[] = [];
  for (const golden of ['fixture-whole-commit-simplemeta', 'fixture-whole-commit-nometa'] as const)
    await importTar(inPieces(await goldenTar(golden)), { repo, warn: (message) => warnings.push(message) });
  assert.ok(readFileSync(path).equals(present));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] as string, new RegExp(`^commit ${FIXTURE_COMMIT} .*kept`));
});

test('a commit is imported again over itself', async (t) => {
  const repo = await newRepo(t);
  for (let count = 0; count < 2; count++)
    await importTar(inPieces(await goldenTar('fixture-whole-commit-nometa')), { repo, writeRef: 'os' });
  assert.equal((await listHeads(await openRepository(repo))).get('os'), FIXTURE_COMMIT);
});

test('what is refused leaves nothing to be seen', async (t) => {
  const repo = await newRepo(t);
  const tar = await goldenTar('fixture-whole-commit-simplemeta');
  const refuse = async (bytes: Buffer, options: object, code: Parameters<typeof coded>[0]) => {
    await assert.rejects(importTar(inPieces(bytes), { repo, writeRef: 'os', ...options }), coded(code));
    assert.ok(!existsSync(join(repo, loosePath(FIXTURE_COMMIT, 'commit'))));
    assert.deepEqual(globSync('{state/*,refs/heads/*}', { cwd: repo }), []);
  };
  await refuse(tar.subarray(0, -2000), {}, 'ERR_TAR');
  await refuse(tar, { writeRef: 'a//b' }, 'ERR_REF_SYNTAX');
  await refuse(tar, { remote: 'origin' }, 'ERR_REMOTE_MISSING');
  await refuse(await goldenTar('fixture-chunk-allcontent'), {}, 'ERR_TAR_OBJECT');
});
