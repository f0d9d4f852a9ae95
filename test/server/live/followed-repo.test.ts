import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { loosePath } from '../../../src/ostree/object-name.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { parseSummary } from '../../../src/ostree/summary.ts';
import { FIXTURE_REF } from '../../support/ostree-fixture.ts';
import { archiveFixture, bareFixture } from '../repos.ts';
import { served } from '../served.ts';

async function following(t: TestContext) {
  const { path, repo, commit } = await archiveFixture(t);
  const server = await served(t, repo, { reopen: () => openRepository(path) });
  const status = async (url: string) => (await server.app.inject(url)).statusCode;
  return { ...server, path, commit, status };
}

test('a repository that vanishes is not taken for an empty one', async (t) => {
  const { app, path, commit, status, errors, lines } = await following(t);
  const urls = ['config', 'summary', `refs/heads/${FIXTURE_REF}`, loosePath(commit, 'commit')];
  for (const url of urls) assert.equal(await status(`/repo/${url}`), 200, url);
  renameSync(path, `${path}.away`);
  const gone = async () => {
    for (const url of [...urls, 'summary.sig']) {
      const answer = await app.inject(`/repo/${url}`);
      assert.deepEqual([answer.statusCode, answer.body], [500, ''], url);
    }
    assert.deepEqual([await status('/readyz'), await status('/healthz'), await status('/')], [503, 200, 500]);
  };
  await gone();
  assert.equal(errors().filter((line) => line.includes('nothing can be served')).length, 1);
  mkdirSync(path);
  await gone();
  rmSync(path, { recursive: true });
  renameSync(`${path}.away`, path);
  for (const url of urls) assert.equal(await status(`/repo/${url}`), 200, url);
  assert.equal(await status('/readyz'), 200);
  assert.ok(lines.some((line) => line.includes('is there again')));
});

test('without its directory of objects a repository is broken; an empty one has no objects', async (t) => {
  const { path, commit, status } = await following(t);
  const urls = ['commit', 'commitmeta'].map((extension) => `/repo/${loosePath(commit, extension)}`);
  const objects = join(path, 'objects');
  renameSync(objects, `${objects}.away`);
  for (const url of [...urls, '/repo/config']) assert.equal(await status(url), 500, url);
  mkdirSync(objects);
  for (const url of urls) assert.equal(await status(url), 404, url);
  assert.equal(await status('/repo/config'), 200);
  assert.equal(await status('/repo/summary'), 500);
  rmSync(objects, { recursive: true });
  renameSync(`${objects}.away`, objects);
  assert.equal(await status(urls[0] as string), 200);
});

test('one that cannot be opened again, as in an image, is not taken for an empty one either', async (t) => {
  const { path, repo } = await archiveFixture(t);
  const { app, errors } = await served(t, repo);
  assert.equal((await app.inject('/repo/config')).statusCode, 200);
  rmSync(join(path, 'objects'), { recursive: true });
  assert.equal((await app.inject('/repo/summary')).statusCode, 500);
  assert.equal((await app.inject('/readyz')).statusCode, 503);
  assert.match(errors()[0] ?? '', /ERR_REPO_MISSING/);
});

test('config and collection id are followed', async (t) => {
  const { app, path } = await following(t);
  const config = join(path, 'config');
  const collection = async () => {
    const { metadata } = parseSummary((await app.inject('/repo/summary')).rawPayload);
    return [
      /collection-id=(.*)/.exec((await app.inject('/repo/config')).body)?.[1],
      metadata.get('ostree.summary.collection-id')?.value,
    ];
  };
  assert.deepEqual(await collection(), [undefined, undefined]);
  const text = readFileSync(config, 'utf8');
  for (const id of ['org.example.One', 'org.example.Two']) {
    // Twice within the resolution of time stamps, with the same size.
    writeFileSync(config, `${text}collection-id=${id}\n`);
    assert.deepEqual(await collection(), [id, id]);
  }
  utimesSync(config, 1_700_000_000, 1_700_000_000);
  writeFileSync(config, text);
  assert.deepEqual(await collection(), [undefined, undefined]);
});

test('a config that is broken for a while fails for that while', async (t) => {
  const { path, status, errors } = await following(t);
  const config = join(path, 'config');
  const text = readFileSync(config);
  writeFileSync(config, '[core\n');
  assert.equal(await status('/repo/summary'), 500);
  assert.match(errors()[0] ?? '', /ERR_REPO_CONFIG/);
  writeFileSync(config, text);
  assert.equal(await status('/repo/summary'), 200);
});

test('another mode is followed: objects are read as the new one keeps them', async (t) => {
  const { app, path } = await following(t);
  const bare = bareFixture(t);
  const id = bare.file('content of a bare repository');
  assert.equal((await app.inject(`/repo/${loosePath(id, 'filez')}`)).statusCode, 404);
  renameSync(path, `${path}.archive`);
  renameSync(bare.path, path);
  const answer = await app.inject(`/repo/${loosePath(id, 'filez')}`);
  assert.equal(answer.statusCode, 200);
  assert.match((await app.inject('/repo/config')).body, /mode=archive-z2/);
});
