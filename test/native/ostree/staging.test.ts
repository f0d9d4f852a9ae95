import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { LibostreeRepo, type WritableMode } from '../../../src/native/ostree/repository.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { serializeDict, stringVariant } from '../../../src/ostree/metadata-dict.ts';
import { loosePath, type ObjectName } from '../../../src/ostree/object-name.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import {
  assertEmpty,
  assertThere,
  commitToArchive,
  giveCommit,
  makeRepo,
  objectsOf,
  type SourceCommit,
  started,
  unlessLibostree,
} from '../../support/libostree.ts';
import { treeOf } from '../../support/libostree-trees.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';

const skip = unlessLibostree() || unlessInstalled('ostree');
const MODES: readonly WritableMode[] = ['archive', 'bare', 'bare-user', 'bare-user-only'];

/** The staging directories below the repository. */
function stagingOf(repo: string): readonly string[] {
  return readdirSync(join(repo, 'tmp'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith('staging-'))
    .map(({ name }) => join(repo, 'tmp', name));
}

/** Stages the commit's objects, aborts, and returns the path of the staging directory. */
async function leaveBehind(repo: LibostreeRepo, source: SourceCommit): Promise<string> {
  const transaction = await startTransaction(repo);
  await giveCommit(transaction, source);
  await transaction.settle();
  await transaction.abort();
  const [directory] = stagingOf(repo.path);
  return directory as string;
}

function stagedPath(directory: string, { type, checksum }: ObjectName, mode: WritableMode): string {
  const extension = type === 'file' && mode === 'archive' ? 'filez' : type;
  return join(directory, loosePath(checksum, extension).slice('objects/'.length));
}

for (const mode of MODES) {
  const needsRoot = mode === 'bare' && unlessRoot();
  test(`unsound staged objects are not taken over in mode ${mode}`, {
    skip: skip || needsRoot,
  }, async (t) => {
    const folder = await tempDir(t);
    const source = await commitToArchive(folder, treeOf(mode, 5 * 1024 * 1024));
    using repo = makeRepo(join(folder, 'repo'), mode);
    const directory = await leaveBehind(repo, source);
    const staged = (await objectsOf(source)).filter(({ type }) => type !== 'commit');
    const damaged: ObjectName[] = [];
    for (const name of staged) {
      const path = stagedPath(directory, name, mode);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (!stats?.isFile() || stats.size === 0 || damaged.length > 5) continue;
      const bytes = readFileSync(path);
      bytes.writeUInt8((bytes.at(-1) as number) ^ 1, bytes.length - 1);
      writeFileSync(path, bytes);
      damaged.push(name);
    }
    assert.ok(damaged.length > 3);

    const next = await startTransaction(repo);
    for (const name of staged) assert.equal(await next.has(name), !damaged.includes(name), name.checksum);
    await giveCommit(next, source);
    next.setRef('os', source.commit);
    await next.commit();
    await assertThere(repo.path, source);
    await must(['ostree', `--repo=${repo.path}`, 'fsck', '--all', '--quiet']);
  });
}

test('staged commits, detached metadata and other files are never taken over', {
  skip,
}, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const directory = await leaveBehind(repo, source);
  const commit = { type: 'commit', checksum: source.commit } as const;
  const foreign = [
    [stagedPath(directory, commit, 'archive'), await source.repo.objects.metadata('commit', source.commit)],
    [
      stagedPath(directory, { ...commit, type: 'commitmeta' }, 'archive'),
      serializeDict(new Map([['forged', stringVariant('yes')]])),
    ],
    [join(directory, 'ab', 'no-object'), Buffer.from('x')],
  ] as const;
  for (const [path, bytes] of foreign) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  const next = await startTransaction(repo);
  for (const [path] of foreign) assert.ok(!existsSync(path), path);
  assert.equal(await next.has(commit), false);
  await next.commit();
  assert.ok(!existsSync(join(repo.path, 'objects/ab/no-object')));
});

test('staged objects do not replace objects that the repository has by then', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const directory = await leaveBehind(repo, source);
  await must(['ostree', `--repo=${repo.path}`, 'pull-local', source.repo.path, source.commit]);
  const [name] = (await objectsOf(source)).filter(({ type }) => type === 'file') as [ObjectName];
  // The pull may or may not have taken the directory over.
  const path = stagedPath(directory, name, 'archive');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'rotten');
  await (await startTransaction(repo)).commit();
  await assertThere(repo.path, source);
});

test('each of several transactions has its own directory', { skip }, async (t) => {
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  using repo = makeRepo(join(folder, 'repo'));
  const handles = Array.from({ length: 4 }, () => LibostreeRepo.open(repo.path));
  const transactions = await Promise.all(handles.map((handle) => startTransaction(handle, { threads: 1 })));
  await Promise.all(transactions.map((transaction) => giveCommit(transaction, source)));
  await Promise.all(transactions.map((transaction) => transaction.settle()));
  assert.equal(stagingOf(repo.path).length, 4);
  await Promise.all(transactions.map((transaction) => transaction.abort()));
  const again = await Promise.all(handles.map((handle) => startTransaction(handle, { threads: 1 })));
  assert.equal(stagingOf(repo.path).length, 4, 'all were taken over');
  await Promise.all(again.map((transaction) => transaction.commit()));
  assert.deepEqual(stagingOf(repo.path), []);
  for (const handle of handles) handle.close();
});

test('without fsync a rejected import leaves no object in the repository either', { skip }, async (t) => {
  const { repo: made } = await started(t);
  made.close();
  const source = await commitToArchive(await tempDir(t), treeOf('archive'));
  appendFileSync(join(made.path, 'config'), 'fsync=false\n');
  using repo = LibostreeRepo.open(made.path);
  const transaction = await startTransaction(repo);
  await giveCommit(transaction, source);
  await transaction.settle();
  await assertEmpty(repo.path);
  await transaction.abort();
  await assertEmpty(repo.path);
  const next = await startTransaction(repo);
  await giveCommit(next, source);
  await next.commit();
  await assertThere(repo.path, source);
});
