import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { loosePath } from '../../../src/ostree/object-name.ts';
import type { Repository } from '../../../src/ostree/repo/open.ts';
import { warmCache } from '../../../src/server/content/warm-cache.ts';
import {
  type Exported,
  type ExportOptions,
  exportRepository,
} from '../../../src/server/export/export-repository.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { makeMirror, opened } from '../../support/mirror-root.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { archiveFixture, bareFixture, tempFolder } from '../repos.ts';
import { served, text } from '../served.ts';

type More = Partial<ExportOptions>;

/** Exports, and returns the paths in order. */
async function exported(repo: Repository, directory: string, more: More = {}) {
  const paths: string[] = [];
  const report: Exported = await exportRepository(repo, {
    directory,
    sync: async () => {},
    onFile: (path) => {
      paths.push(path);
    },
    ...more,
  });
  return { paths, ...report };
}

/** Every file of the export is what a server with a warm cache answers; returns the paths. */
async function assertServed(t: TestContext, repo: Repository): Promise<readonly string[]> {
  const folder = tempFolder(t);
  const [directory, cacheDir] = [join(folder, 'export'), join(folder, 'cache')];
  const { paths, written, present } = await exported(repo, directory);
  assert.deepEqual([written, present], [paths.length, 0]);
  await warmCache(repo, { directory: cacheDir, onProgress: () => {} });
  const { origin } = await served(t, repo, { cacheDir });
  for (const path of paths) {
    const answer = await fetch(`${origin}/repo/${path}`);
    assert.equal(answer.status, 200, path);
    assert.deepEqual(readFileSync(join(directory, path)), Buffer.from(await answer.arrayBuffer()), path);
  }
  const again = await exported(repo, directory);
  assert.deepEqual([again.written, again.present], [0, paths.length]);
  assert.deepEqual(again.paths.toSorted(), paths.toSorted());
  return paths;
}

test('a bare repository: objects of all sizes, encoded', async (t) => {
  const bare = bareFixture(t);
  const ids = [0, 1, 4097, 70_000, 1024 * 1024 + 1, 3_000_000].map((size) => bare.file(text(size)));
  ids.push(bare.symlink('somewhere'));
  const paths = await assertServed(t, await bare.open());
  assert.deepEqual(paths.slice(0, ids.length).toSorted(), ids.map((id) => loosePath(id, 'filez')).toSorted());
  assert.deepEqual(paths.slice(ids.length), ['config', 'summary']);
});

test('an archive repository, in the order of an upload', async (t) => {
  const { repo } = await archiveFixture(t);
  writeFileSync(join(repo.path, 'summary.sig'), 'signatures');
  const paths = await assertServed(t, repo);
  const first = (pattern: RegExp) => paths.findIndex((path) => pattern.test(path));
  const last = (pattern: RegExp) => paths.findLastIndex((path) => pattern.test(path));
  const order = [/\.filez$/, /\.dirmeta$/, /\.dirtree$/, /\.commit$/, /^config$/, /^refs\//, /^summary$/];
  for (const [index, pattern] of order.slice(1).entries())
    assert.ok(last(order[index] as RegExp) < first(pattern), `${order[index]} before ${pattern}`);
  assert.equal(paths.at(-1), 'summary');
});

test('the published repo of a mirror image, with packs', { skip: unlessInstalled('tar') }, async (t) => {
  for (const bake of ['none', 'all'] as const) {
    const mirror = await makeMirror(tempFolder(t), { bake });
    await assertServed(t, await opened(t, mirror.path));
  }
});

test('an export follows the repository: refs and a stale signature go at once, objects on demand', async (t) => {
  const { repo } = await archiveFixture(t);
  const directory = join(tempFolder(t), 'export');
  const [head] = readdirSync(join(repo.path, 'refs/heads'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  assert.ok(head);
  const other = join(repo.path, 'refs/heads/other');
  writeFileSync(other, readFileSync(head));
  writeFileSync(join(repo.path, 'summary.sig'), 'signatures');
  const before = await exported(repo, directory);
  rmSync(other);
  rmSync(join(repo.path, 'summary.sig'));
  const stray = before.paths.find((path) => path.endsWith('.filez')) as string;
  const unknown = join(directory, `${stray.slice(0, -8)}00.filez`);
  mkdirSync(dirname(unknown), { recursive: true });
  writeFileSync(unknown, 'an object that is gone');
  const after = await exported(repo, directory);
  const gone = before.paths.filter((path) => !after.paths.includes(path));
  assert.ok(gone.includes('summary.sig'));
  for (const path of gone) assert.throws(() => statSync(join(directory, path)), path);
  assert.ok(statSync(unknown).isFile());
  assert.equal((await exported(repo, directory, { remove: true })).removed, 1);
  assert.throws(() => statSync(unknown));
});

test('files that are the same keep their dates', async (t) => {
  const { repo } = await archiveFixture(t);
  const directory = join(tempFolder(t), 'export');
  const { paths } = await exported(repo, directory);
  const old = new Date(1_000_000_000_000);
  for (const path of paths) utimesSync(join(directory, path), old, old);
  await exported(repo, directory);
  for (const path of paths) assert.equal(statSync(join(directory, path)).mtimeMs, old.getTime(), path);
});

test('objects are verified: those of the repository always, those that are there on demand', async (t) => {
  const bare = bareFixture(t);
  const [good, bad] = [bare.file('good'), bare.file('bad')];
  const directory = join(tempFolder(t), 'export');
  const at = (id: typeof good) => join(directory, loosePath(id, 'filez'));
  writeFileSync(bare.objectPath(bad), 'BAD');
  await assert.rejects(exported(await bare.open(), directory), coded('ERR_OBJECT_CORRUPT', bad));
  assert.throws(() => statSync(at(bad)));
  assert.throws(() => statSync(join(directory, 'summary')));
  writeFileSync(bare.objectPath(bad), 'bad');
  const bytes = await exported(await bare.open(), directory).then(() => readFileSync(at(good)));
  writeFileSync(at(good), 'damaged');
  await exported(await bare.open(), directory);
  assert.equal(readFileSync(at(good), 'utf8'), 'damaged');
  await exported(await bare.open(), directory, { verify: true });
  assert.deepEqual(readFileSync(at(good)), bytes);
  // After an interruption they are verified without being asked.
  writeFileSync(at(good), 'damaged');
  const interrupted = exported(await bare.open(), directory, {
    sync: () => Promise.reject(new Error('stop')),
  });
  await assert.rejects(interrupted, /stop/);
  await exported(await bare.open(), directory);
  assert.deepEqual(readFileSync(at(good)), bytes);
});

test('archive files of the repository are verified before they are copied, and nothing stays in tmp', async (t) => {
  const { repo } = await archiveFixture(t);
  const directory = join(tempFolder(t), 'export');
  const { paths } = await exported(repo, directory);
  assert.deepEqual(readdirSync(join(directory, 'tmp')), []);
  const path = paths.find((each) => each.endsWith('.filez')) as string;
  const bytes = readFileSync(join(repo.path, path));
  writeFileSync(join(repo.path, path), bytes.with(-1, (bytes.at(-1) as number) ^ 1));
  const other = join(tempFolder(t), 'other');
  await assert.rejects(exported(repo, other), coded('ERR_OBJECT_CORRUPT', path.slice(-40, -6)));
  assert.throws(() => statSync(join(other, path)));
  assert.deepEqual(readdirSync(join(other, 'tmp')), []);
});

test('the repository is listed once: a commit that is made meanwhile is for the next export', async (t) => {
  const { repo, commit } = await archiveFixture(t);
  const lists = { count: 0 };
  const objects = {
    ...repo.objects,
    async *list() {
      lists.count += 1;
      for await (const name of repo.objects.list()) if (lists.count > 1 || name.type === 'file') yield name;
    },
  };
  const { paths } = await exported({ ...repo, objects }, join(tempFolder(t), 'export'));
  assert.ok(!paths.includes(loosePath(commit, 'commit')));
});

test('a directory that is no export is left alone', async (t) => {
  const { repo } = await archiveFixture(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'precious'), '');
  await assert.rejects(exported(repo, folder), coded('ERR_EXPORT_TARGET', folder, 'precious'));
  await assert.rejects(exported(repo, repo.path), coded('ERR_EXPORT_TARGET', repo.path));
  assert.deepEqual(readdirSync(folder), ['precious']);
});

test('an object that vanishes meanwhile', async (t) => {
  const { repo } = await archiveFixture(t);
  const gone = { type: 'file', checksum: repeatedChecksum('e') } as const;
  const objects = {
    ...repo.objects,
    async *list() {
      yield gone;
    },
  };
  const changing = exported({ ...repo, objects }, join(tempFolder(t), 'export'));
  await assert.rejects(changing, coded('ERR_REPO_CHANGED', repo.path, gone.checksum));
});

test('an export that was killed before it was marked is taken up', async (t) => {
  const bare = bareFixture(t);
  bare.file(text(10));
  const directory = join(tempFolder(t), 'export');
  mkdirSync(join(directory, 'extensions'), { recursive: true });
  writeFileSync(join(directory, 'extensions/.treeport-export.1234-0123456789ab.tmp'), 'This');
  await exported(await bare.open(), directory);
  assert.ok(readdirSync(join(directory, 'extensions')).includes('treeport-export'));
  const foreign = join(tempFolder(t), 'foreign');
  mkdirSync(join(foreign, 'extensions/other'), { recursive: true });
  await assert.rejects(exported(await bare.open(), foreign), coded('ERR_EXPORT_TARGET', '"extensions"'));
});
