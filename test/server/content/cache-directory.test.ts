import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import {
  prepareCacheDirectory,
  removeUnclaimedFolders,
} from '../../../src/server/content/cache-directory.ts';
import { coded } from '../../support/expect.ts';
import { archiveFixture, tempFolder } from '../repos.ts';
import { served } from '../served.ts';

const ENCODER = 'deflate6-r1-x';

const prepare = (directory: string, repositories: readonly string[] = []) =>
  prepareCacheDirectory({ directory, encoder: ENCODER, repositories });

test('a new directory, an empty one, a fresh ext4 volume, and one that was prepared before', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'empty'));
  mkdirSync(join(folder, 'volume/lost+found'), { recursive: true });
  for (const name of ['deep/new', 'empty', 'volume', 'empty']) {
    const directory = join(folder, name);
    assert.equal(await prepare(directory), join(directory, ENCODER));
    assert.equal(readdirSync(join(directory, ENCODER, 'objects')).length, 256);
  }
});

test('a directory with files in it and without the marker is refused, and left as it was', async (t) => {
  for (const name of ['objects', 'encoder', 'notes.txt']) {
    const directory = tempFolder(t);
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'precious'), 'data');
    await assert.rejects(prepare(directory), coded('ERR_CACHE_DIR', directory, name));
    assert.deepEqual(readdirSync(directory), [name]);
    assert.equal(readFileSync(join(directory, name, 'precious'), 'utf8'), 'data');
  }
});

test('the marker is a regular file with the very words, and is not written through a symlink', async (t) => {
  const folder = tempFolder(t);
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'data');
  const lookalikes: ((path: string) => void)[] = [
    (path) => symlinkSync(victim, path),
    (path) => mkdirSync(path),
    (path) => writeFileSync(path, 'This directory is a cache'),
  ];
  for (const [index, make] of lookalikes.entries()) {
    const directory = join(folder, String(index));
    mkdirSync(directory);
    for (const name of ['treeport-cache', 'encoder']) make(join(directory, name));
    await assert.rejects(prepare(directory), coded('ERR_CACHE_DIR', directory));
    assert.equal(readFileSync(victim, 'utf8'), 'data');
  }
});

test("an encoder's folder that is a symlink is refused", async (t) => {
  const [folder, elsewhere] = [tempFolder(t), tempFolder(t)];
  await prepare(folder);
  symlinkSync(elsewhere, join(folder, 'deflate1-r1-x'));
  await assert.rejects(
    prepareCacheDirectory({ directory: folder, encoder: 'deflate1-r1-x', repositories: [] }),
    coded('ERR_CACHE_DIR', folder),
  );
  assert.deepEqual(readdirSync(elsewhere), []);
});

test('the cache is never the repository, in it, around it, nor that of a parent, whatever the paths look like', async (t) => {
  const folder = tempFolder(t);
  const [repo, parent] = [join(folder, 'srv/repo'), join(folder, 'parent')];
  for (const path of [repo, parent]) mkdirSync(join(path, 'objects'), { recursive: true });
  symlinkSync(repo, join(folder, 'alias'));
  const places = {
    [repo]: 'is the repository',
    [join(repo, 'objects')]: 'lies inside',
    [join(repo, 'new/cache')]: 'lies inside',
    [join(folder, 'alias/new')]: 'lies inside',
    [join(folder, 'srv')]: 'contains',
    [folder]: 'contains',
    [join(parent, 'cache')]: 'lies inside',
  };
  for (const [place, why] of Object.entries(places)) {
    await assert.rejects(prepare(place, [repo, parent]), coded('ERR_CACHE_DIR', place, why));
  }
  assert.deepEqual(readdirSync(repo), ['objects']);
  assert.deepEqual(readdirSync(join(repo, 'objects')), []);
  await prepare(join(folder, 'cache'), [repo, parent]);
});

test('a server given its own repository as the cache directory refuses it, and every object stays', async (t) => {
  const { path, repo } = await archiveFixture(t);
  const before = readdirSync(path, { recursive: true });
  for (const cacheDir of [path, join(path, 'objects')]) {
    await assert.rejects(served(t, repo, { cacheDir }), coded('ERR_CACHE_DIR', cacheDir));
  }
  assert.deepEqual(readdirSync(path, { recursive: true }), before);
});

test('many servers may start on one directory at once, and none removes what another has written', async (t) => {
  const directory = join(tempFolder(t), 'cache');
  const kept: string[] = [];
  const startAndWrite = async (index: number) => {
    const folder = await prepare(directory);
    const path = join(folder, 'objects/00', `${index}`);
    writeFileSync(path, 'object');
    kept.push(path);
    await removeUnclaimedFolders(folder);
  };
  await Promise.all(Array.from({ length: 20 }, (_, index) => startAndWrite(index)));
  assert.deepEqual(
    kept.filter((path) => !existsSync(path)),
    [],
  );
  assert.deepEqual(readdirSync(directory).sort(), [ENCODER, 'treeport-cache']);
});

test('only folders of encoders go, and only those that no server has claimed for a day', async (t) => {
  const directory = tempFolder(t);
  const folder = await prepare(directory);
  const names = ['deflate1-r1-old', 'deflate2-r1-young', 'other-old', ENCODER];
  for (const name of names) {
    mkdirSync(join(directory, name, 'objects'), { recursive: true });
    if (!name.endsWith('young')) utimesSync(join(directory, name), 1000, 1000);
  }
  symlinkSync('/', join(directory, 'deflate3-r1-link'));
  await removeUnclaimedFolders(folder);
  assert.deepEqual(
    names.filter((name) => existsSync(join(directory, name))),
    ['deflate2-r1-young', 'other-old', ENCODER],
  );
  assert.ok(lstatSync(join(directory, 'deflate3-r1-link')).isSymbolicLink());
});

test('preparing claims the folder', async (t: TestContext) => {
  const directory = tempFolder(t);
  const folder = await prepare(directory);
  utimesSync(folder, 1000, 1000);
  await prepare(directory);
  assert.ok(Date.now() - statSync(folder).mtimeMs < 3_600_000);
});
