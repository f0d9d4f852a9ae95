import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type Checksum, parseChecksum } from '../../src/ostree/checksum.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { loadCommit, resolveRef, resolveRevision } from '../../src/ostree/revision.ts';
import { must, run } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';
import { FIXTURE_REF, updateOstreeFixture, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';

type TwoCommits = { readonly repo: Repository; readonly first: string; readonly second: Checksum };

async function twoCommits(t: TestContext): Promise<TwoCommits> {
  const fixture = await writeOstreeFixture(await tempDir(t));
  const second = await updateOstreeFixture(fixture);
  return { repo: await openRepository(fixture.path), first: fixture.commit, second };
}

function writeRefs(repo: Repository, refs: Readonly<Record<string, string>>): void {
  for (const [file, commit] of Object.entries(refs)) {
    mkdirSync(join(repo.path, file, '..'), { recursive: true });
    writeFileSync(join(repo.path, file), `${commit}\n`);
  }
}

test('refs, checksums, their beginnings and parents', async (t) => {
  const { repo, first, second } = await twoCommits(t);
  const cases: Readonly<Record<string, string>> = {
    [FIXTURE_REF]: second,
    [`${FIXTURE_REF}^`]: first,
    [second]: second,
    [`${second}^`]: first,
    [second.slice(0, 8)]: second,
    [first.slice(0, 63)]: first,
    [`${second.slice(0, 8)}^`]: first,
    // A whole checksum is taken at its word.
    [repeatedChecksum('0')]: repeatedChecksum('0'),
  };
  for (const [revision, commit] of Object.entries(cases))
    assert.equal(await resolveRevision(repo, revision), commit, revision);
});

test('what names no commit is ERR_REF_MISSING or ERR_COMMIT_MISSING', async (t) => {
  const { repo, first, second } = await twoCommits(t);
  const noRef = [
    'nowhere',
    '',
    '^',
    'ffffffff',
    second.slice(0, 3),
    '../config',
    'refs/../../config',
    'a b',
    'origin:main',
    ':',
    'a:b:c',
    second.toUpperCase(),
  ];
  for (const revision of noRef) {
    await assert.rejects(resolveRevision(repo, revision), coded('ERR_REF_MISSING', repo.path), revision);
  }
  await assert.rejects(
    resolveRevision(repo, `${FIXTURE_REF}^^`),
    coded('ERR_COMMIT_MISSING', first, 'no parent'),
  );
  await assert.rejects(
    resolveRevision(repo, `${'0'.repeat(64)}^`),
    coded('ERR_COMMIT_MISSING', repeatedChecksum('0')),
  );
});

test('a ref that is misspelt or short of its first words is answered with the one that was meant', async (t) => {
  const { repo, first } = await twoCommits(t);
  writeRefs(repo, { 'refs/heads/debian/trixie': first, 'refs/remotes/origin/main': first });
  writeFileSync(join(repo.path, 'refs/heads/debian/trixia'), 'damaged');
  for (const [revision, meant] of [
    ['trixie', 'debian/trixie'],
    ['debian/trixe^', 'debian/trixie'],
    ['origin:mian', 'origin:main'],
  ] as const) {
    const error = coded('ERR_REF_MISSING', `; did you mean ${meant}?`);
    await assert.rejects(resolveRevision(repo, revision), error);
    await assert.rejects(resolveRevision({ ...repo, path: '/none', parent: repo }, revision), error);
  }
  await assert.rejects(resolveRevision(repo, 'nowhere'), coded('ERR_REF_MISSING', '(treeport repo refs'));
});

test('a beginning of several commits is ambiguous', async (t) => {
  const { repo, second } = await twoCommits(t);
  const twin = parseChecksum(`${second.slice(0, 10)}${'f'.repeat(54)}`);
  writeFileSync(join(repo.path, loosePath(twin, 'commit')), '');
  await assert.rejects(
    resolveRevision(repo, second.slice(0, 10)),
    coded('ERR_REF_MISSING', '2 commits', twin, second),
  );
  assert.equal(await resolveRevision(repo, second.slice(0, 11)), second);
});

test('refs of remotes, and of a parent repository', async (t) => {
  const { repo, first, second } = await twoCommits(t);
  writeRefs(repo, { 'refs/remotes/origin/main': first, 'refs/remotes/other/only/there': second });
  assert.equal(await resolveRevision(repo, 'origin:main'), first);
  assert.equal(await resolveRevision(repo, 'origin/main'), first);
  assert.equal(await resolveRevision(repo, 'only/there'), second);
  assert.equal(await resolveRef(repo, 'other:main'), undefined);
  writeRefs(repo, { 'refs/heads/main': second });
  assert.equal(await resolveRevision(repo, 'main'), second);

  const child = await tempDir(t);
  mkdirSync(join(child, 'objects'));
  writeFileSync(join(child, 'config'), `[core]\nmode=bare-user-only\nparent=${repo.path}\n`);
  assert.equal(await resolveRevision(await openRepository(child), `${FIXTURE_REF}^`), first);
});

test('loadCommit says which commit is missing or corrupt', async (t) => {
  const { repo, second } = await twoCommits(t);
  assert.equal((await loadCommit(repo, second)).parent, await resolveRevision(repo, `${second}^`));
  const path = join(repo.path, loosePath(second, 'commit'));
  writeFileSync(path, 'nonsense');
  await assert.rejects(loadCommit(repo, second), coded('ERR_OBJECT_CORRUPT', `${second}.commit`));
  rmSync(path);
  await assert.rejects(loadCommit(repo, second), coded('ERR_COMMIT_MISSING', second, repo.path));
});

test('as ostree rev-parse does', { skip: unlessInstalled('ostree') }, async (t) => {
  const { repo, first, second } = await twoCommits(t);
  await must([
    'ostree',
    `--repo=${repo.path}`,
    'remote',
    'add',
    '--no-gpg-verify',
    'origin',
    'http://localhost/',
  ]);
  writeRefs(repo, { 'refs/remotes/origin/main': first, 'refs/remotes/zoo/only/there': second });
  const revisions = [
    FIXTURE_REF,
    `${FIXTURE_REF}^`,
    'origin:main',
    'origin/main',
    'main',
    'only/there',
    second.slice(0, 6),
    `${FIXTURE_REF}^^`,
    'nowhere',
    'origin:nowhere',
    '../config',
  ];
  for (const revision of revisions) {
    const { status, stdout } = await run(['ostree', `--repo=${repo.path}`, 'rev-parse', revision]);
    const ours = await resolveRevision(repo, revision).catch(() => undefined);
    assert.equal(ours, status === 0 ? stdout.trim() : undefined, revision);
  }
});
