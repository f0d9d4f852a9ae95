import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { superblockPath } from '../../src/ostree/delta-list.ts';
import { deltaDirectory, deltaIndexPath } from '../../src/ostree/delta-name.ts';
import { dictString, parseDict } from '../../src/ostree/metadata-dict.ts';
import { parseSummary, serializeSummary } from '../../src/ostree/summary.ts';
import { createServer } from '../../src/server/app.ts';
import { FIXTURE_REF, updateOstreeFixture } from '../support/ostree-fixture.ts';
import { archiveFixture } from './repos.ts';

async function served(t: TestContext) {
  const fixture = await archiveFixture(t);
  const { app } = await createServer({ repo: fixture.repo });
  t.after(() => app.close());
  const summary = async () => parseSummary((await app.inject('/repo/summary')).rawPayload);
  return { ...fixture, app, summary };
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Sets the time of everything in question back, so that it is no longer only just made. */
function age(...paths: readonly string[]): void {
  for (const path of paths) utimesSync(path, 1_700_000_000, 1_700_000_000);
}

test('a ref is its commit and a newline', async (t) => {
  const { app, commit, path } = await served(t);
  const answer = await app.inject(`/repo/refs/heads/${FIXTURE_REF}`);
  assert.equal(answer.body, `${commit}\n`);
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  write(join(path, 'refs/heads/exämple'), `${commit}\n`);
  write(join(path, 'refs/mirrors/org.example.Os/main'), `${commit}\n`);
  symlinkSync('exämple', join(path, 'refs/heads/alias'));
  symlinkSync('/etc/hostname', join(path, 'refs/heads/out'));
  for (const name of ['heads/ex%c3%a4mple', 'heads/alias', 'mirrors/org.example.Os/main']) {
    assert.equal((await app.inject(`/repo/refs/${name}`)).body, `${commit}\n`, name);
  }
  assert.equal((await app.inject('/repo/refs/heads/out')).statusCode, 404);
});

test('the generated summary follows the repository without a restart', async (t) => {
  const { app, commit, path, summary } = await served(t);
  assert.deepEqual(
    (await summary()).refs.map((ref) => [ref.name, ref.commit]),
    [[FIXTURE_REF, commit]],
  );
  const first = await app.inject('/repo/summary');
  assert.equal((await app.inject('/repo/summary')).headers.etag, first.headers.etag);
  const update = await updateOstreeFixture({ path, commit });
  assert.deepEqual(
    (await summary()).refs.map((ref) => ref.commit),
    [update],
  );
  age(join(path, 'refs/heads'), join(path, 'refs/heads', FIXTURE_REF));
  await summary();
  write(join(path, 'refs/heads/new'), `${commit}\n`);
  assert.deepEqual(
    (await summary()).refs.map((ref) => ref.name),
    [FIXTURE_REF, 'new'],
  );
  rmSync(join(path, 'refs/heads/new'));
  assert.deepEqual(
    (await summary()).refs.map((ref) => ref.name),
    [FIXTURE_REF],
  );
});

test('a commit that comes after its ref is listed when it is there', async (t) => {
  const { path, commit, summary } = await served(t);
  const object = join(path, 'objects', commit.slice(0, 2), `${commit.slice(2)}.commit`);
  const bytes = readFileSync(object);
  rmSync(object);
  age(join(path, 'refs/heads'), join(path, 'refs/heads', FIXTURE_REF));
  assert.deepEqual((await summary()).refs, []);
  writeFileSync(object, bytes);
  assert.equal((await summary()).refs.length, 1);
});

test('a summary that is published goes out as it is when it is signed, and says archive when not', async (t) => {
  const { app, path, summary } = await served(t);
  const theirs = serializeSummary({
    refs: [],
    metadata: new Map([
      ['ostree.summary.mode', { type: 's', value: 'bare-split-xattrs' }],
      ['xa.cache', { type: 's', value: 'kept' }],
    ]),
  });
  write(join(path, 'summary'), theirs);
  assert.equal(dictString((await summary()).metadata, 'ostree.summary.mode'), 'archive-z2');
  assert.equal(dictString((await summary()).metadata, 'xa.cache'), 'kept');
  write(join(path, 'summary.sig'), 'signature');
  assert.deepEqual((await app.inject('/repo/summary')).rawPayload, theirs);
  assert.equal((await app.inject('/repo/summary.sig')).body, 'signature');
  rmSync(join(path, 'summary.sig'));
  write(join(path, 'summary'), 'not a variant');
  assert.equal((await app.inject('/repo/summary')).body, 'not a variant');
  rmSync(join(path, 'summary'));
  assert.equal((await summary()).refs.length, 1);
});

test('the summary and its signature can be revalidated by date too', async (t) => {
  const { app, path } = await served(t);
  write(join(path, 'summary'), serializeSummary({ refs: [], metadata: new Map() }));
  write(join(path, 'summary.sig'), 'signature');
  for (const name of ['summary', 'summary.sig']) {
    const { headers } = await app.inject(`/repo/${name}`);
    const modified = new Date(statSync(join(path, name)).mtimeMs).toUTCString();
    assert.equal(headers['last-modified'], modified);
    const again = (date: string) =>
      app.inject({ url: `/repo/${name}`, headers: { 'if-modified-since': date } });
    assert.equal((await again(modified.replace('GMT', 'UTC'))).statusCode, 304);
    assert.equal((await again('Sat, 01 Jan 2000 00:00:00 UTC')).statusCode, 200);
  }
});

test('files of a reproducible image have no honest date', async (t) => {
  const { app, path } = await served(t);
  write(join(path, 'summary.sig'), 'signature');
  utimesSync(join(path, 'summary.sig'), 0, 0);
  assert.equal((await app.inject('/repo/summary.sig')).headers['last-modified'], undefined);
});

test("flatpak's indexes", async (t) => {
  const { app, path } = await served(t);
  const id = 'a'.repeat(64);
  const names = ['summary.idx', 'summary.idx.sig', `summaries/${id}.gz`, `summaries/${id}-${id}.delta`];
  for (const name of names) {
    assert.equal((await app.inject(`/repo/${name}`)).statusCode, 404);
    write(join(path, name), name);
    assert.equal((await app.inject(`/repo/${name}`)).body, name);
  }
});

test('deltas: superblock and parts, and a generated index where there is none', async (t) => {
  const { app, path, commit, summary } = await served(t);
  const name = { from: 'b'.repeat(64), to: commit };
  const index = `/repo/${deltaIndexPath(commit)}`;
  assert.equal((await app.inject(index)).statusCode, 404);
  const part = randomBytes(400_000);
  write(superblockPath(path, name), 'superblock');
  write(join(path, deltaDirectory(name), '0'), part);
  const served0 = await app.inject(`/repo/${deltaDirectory(name)}/0`);
  assert.deepEqual(served0.rawPayload, part);
  assert.equal((await app.inject(`/repo/${deltaDirectory(name)}/superblock`)).body, 'superblock');
  assert.equal((await app.inject(`/repo/${deltaDirectory(name)}/1`)).statusCode, 404);
  const generated = parseDict((await app.inject(index)).rawPayload).get('ostree.static-deltas');
  assert.deepEqual(generated, (await summary()).metadata.get('ostree.static-deltas'));
  assert.ok(generated !== undefined);
  write(join(path, deltaIndexPath(commit)), 'their own index');
  assert.equal((await app.inject(index)).body, 'their own index');
});

test('a signed superblock, which no client can read over HTTP, is not there', async (t) => {
  const { app, path, commit } = await served(t);
  for (const content of ['OSTSGNDT...', Buffer.concat([Buffer.from('OSTSGNDT'), randomBytes(400_000)])]) {
    write(superblockPath(path, { from: undefined, to: commit }), content);
    const answer = await app.inject(`/repo/${deltaDirectory({ from: undefined, to: commit })}/superblock`);
    assert.equal(answer.statusCode, 404);
  }
});
