/**
 * Files of a served repository that are no regular files of it: whatever they are, their bytes stay where
 * they are.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test, { type TestContext } from 'node:test';
import { deltaDirectory, deltaIndexPath } from '../../src/ostree/delta-name.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { must } from '../e2e/support/run.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { FIXTURE_REF } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';
import { archiveFixture, tempFolder } from './repos.ts';
import { served } from './served.ts';

const SECRET = 'secret'.repeat(20);
const ID = repeatedChecksum('d');
const DELTA = deltaDirectory({ from: undefined, to: ID });

/** Everything that clients can ask for which is a file of the repository. */
const FILES: readonly string[] = [
  'summary',
  'summary.sig',
  'summary.idx',
  'summary.idx.sig',
  `summaries/${ID}.gz`,
  `summaries/${ID}-${ID}.delta`,
  deltaIndexPath(ID),
  `${DELTA}/superblock`,
  `${DELTA}/0`,
  `refs/heads/${FIXTURE_REF}`,
  'refs/mirrors/org.example.Os/main',
  ...['filez', 'commit', 'dirtree', 'dirmeta', 'commitmeta'].map((extension) => loosePath(ID, extension)),
];

async function servedRepo(t: TestContext) {
  const { path, repo, commit } = await archiveFixture(t);
  const { app, errors } = await served(t, repo);
  const place = (file: string) => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    rmSync(join(path, file), { force: true });
    return join(path, file);
  };
  const get = (file: string) => app.inject(`/repo/${file}`);
  return { path, commit, get, place, errors };
}

test('no link leads out of a repository, as a file or as any directory above it', async (t) => {
  const { path, get } = await servedRepo(t);
  const folder = tempFolder(t);
  for (const file of FILES) {
    const outside = join(folder, 'outside');
    mkdirSync(dirname(join(outside, file)), { recursive: true });
    writeFileSync(join(outside, file), SECRET);
    const directories = file.split('/').map((_, depth, parts) => parts.slice(0, depth + 1).join('/'));
    for (const linked of directories) {
      const link = join(path, linked);
      mkdirSync(dirname(link), { recursive: true });
      if (existsSync(link)) renameSync(link, join(folder, 'kept'));
      symlinkSync(relative(dirname(link), join(outside, linked)), link);
      const answer = await get(file);
      assert.ok(answer.statusCode >= 400, `${file} through ${linked}: ${answer.statusCode}`);
      assert.ok(!answer.body.includes('secret'), `${file} through ${linked}`);
      rmSync(link);
      if (existsSync(join(folder, 'kept'))) renameSync(join(folder, 'kept'), link);
    }
  }
});

test('what is opened instead of a file is named in the log', async (t) => {
  const { get, place, errors } = await servedRepo(t);
  symlinkSync('/etc/passwd', place('summary.sig'));
  assert.equal((await get('summary.sig')).statusCode, 500);
  assert.match(errors().join('\n'), /summary\.sig is not opened: it leads to \/etc\/passwd/);
});

test('links that stay in the repository are followed where publishers make them', async (t) => {
  const { path, commit, get, place } = await servedRepo(t);
  for (const name of ['summary.sig', 'summary.idx', `summaries/${ID}.gz`, deltaIndexPath(ID)]) {
    writeFileSync(place(`generation/${name}`), name);
    symlinkSync(join(path, 'generation', name), place(name));
    assert.equal((await get(name)).body, name);
  }
  symlinkSync(
    FIXTURE_REF.split('/').at(-1) as string,
    place(join('refs/heads', dirname(FIXTURE_REF), 'alias')),
  );
  assert.equal((await get(join('refs/heads', dirname(FIXTURE_REF), 'alias'))).body, `${commit}\n`);
});

test('FIFOs are answered at once', { skip: unlessInstalled('mkfifo') }, async (t) => {
  const { get, place } = await servedRepo(t);
  for (const file of FILES) {
    await must(['mkfifo', place(file)]);
    assert.ok((await get(file)).statusCode >= 400, file);
    rmSync(place(file), { force: true });
  }
});

test('what is larger than clients take is not read into memory', async (t) => {
  const { path, get, place, errors } = await servedRepo(t);
  const huge = ['summary', `refs/heads/${FIXTURE_REF}`, loosePath(ID, 'commitmeta'), loosePath(ID, 'commit')];
  for (const file of huge) {
    writeFileSync(place(file), '');
    truncateSync(join(path, file), 1.5 * 2 ** 30);
    assert.ok((await get(file)).statusCode >= 400, file);
    rmSync(join(path, file));
  }
  assert.match(errors().join('\n'), /summary is too large: it has 1610612736 bytes/);
});

test('a superblock that is larger than clients take is not offered', async (t) => {
  const { path, get, place } = await servedRepo(t);
  writeFileSync(place(`${DELTA}/superblock`), '');
  truncateSync(join(path, DELTA, 'superblock'), 1.5 * 2 ** 30);
  assert.equal((await get(deltaIndexPath(ID))).statusCode, 404);
  assert.equal((await get('summary')).statusCode, 200);
});

test('a repository that is replaced is served anew', async (t) => {
  const { path, get } = await servedRepo(t);
  const other = await archiveFixture(t);
  writeFileSync(join(other.path, 'summary.sig'), 'second');
  writeFileSync(join(path, 'summary.sig'), 'first');
  assert.equal((await get('summary.sig')).body, 'first');
  renameSync(path, `${path}.old`);
  renameSync(other.path, path);
  assert.equal((await get('summary.sig')).body, 'second');
});
