import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { pino } from 'pino';
import { deltaDirectory, deltaIndexPath, superblockPath } from '../../../src/ostree/delta-name.ts';
import { dictString, parseDict } from '../../../src/ostree/metadata-dict.ts';
import { parseSummary, serializeSummary } from '../../../src/ostree/summary.ts';
import { createServer } from '../../../src/server/app.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { FIXTURE_REF, updateOstreeFixture } from '../../support/ostree-fixture.ts';
import { archiveFixture } from '../repos.ts';

async function served(t: TestContext) {
  const fixture = await archiveFixture(t);
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const { app } = await createServer({ repo: fixture.repo, logger });
  t.after(() => app.close());
  const summary = async () => parseSummary((await app.inject('/repo/summary')).rawPayload);
  const atLevel = (level: number) => lines.filter((line) => line.includes(`"level":${level}`));
  return { ...fixture, app, summary, warnings: () => atLevel(40), errors: () => atLevel(50) };
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
  const { app, path, commit, summary, errors } = await served(t);
  const object = join(path, 'objects', commit.slice(0, 2), `${commit.slice(2)}.commit`);
  const bytes = readFileSync(object);
  rmSync(object);
  age(join(path, 'refs/heads'), join(path, 'refs/heads', FIXTURE_REF));
  write(join(path, 'refs/heads/other'), '');
  assert.equal((await app.inject('/repo/summary')).statusCode, 500, 'an empty one would be a lie');
  assert.match(errors()[0] ?? '', /ERR_REFS_UNREADABLE/);
  assert.equal((await app.inject('/readyz')).statusCode, 503);
  assert.equal((await app.inject(`/repo/refs/heads/${FIXTURE_REF}`)).statusCode, 404);
  writeFileSync(object, bytes);
  assert.equal((await summary()).refs.length, 1);
  assert.equal((await app.inject('/readyz')).statusCode, 200);
});

test('a bad entry below refs/ is left out and logged once, and does no harm to the others', async (t) => {
  const { app, path, summary, warnings } = await served(t);
  const heads = join(path, 'refs/heads');
  write(join(heads, 'empty'), '');
  write(join(heads, 'text'), 'hello');
  write(join(heads, 'huge'), 'f'.repeat(1_000_000));
  symlinkSync('/etc/hostname', join(heads, 'out'));
  symlinkSync('nowhere', join(heads, 'dangling'));
  symlinkSync('.', join(heads, 'directory'));
  write(join(heads, 'missing'), repeatedChecksum('f'));
  execFileSync('mkfifo', [join(heads, 'fifo')]);
  for (let count = 0; count < 3; count++) {
    assert.deepEqual(
      (await summary()).refs.map(({ name }) => name),
      [FIXTURE_REF],
    );
  }
  const names = ['dangling', 'directory', 'empty', 'fifo', 'huge', 'missing', 'out', 'text'];
  assert.deepEqual(
    names.map((name) => warnings().filter((line) => new RegExp(`(?:heads/|ref )${name} `).test(line)).length),
    names.map(() => 1),
  );
  for (const name of names) {
    const { statusCode } = await app.inject(`/repo/refs/heads/${name}`);
    assert.ok(statusCode === 404, `${name}: ${statusCode}`);
  }
  // What ends and comes again is logged again.
  rmSync(join(heads, 'empty'));
  await summary();
  write(join(heads, 'empty'), '');
  await summary();
  assert.equal(warnings().filter((line) => line.includes('refs/heads/empty ')).length, 2);
});

test('a deployed system is offered under the names its commits are bound to', async (t) => {
  const { app, path, commit, summary } = await served(t);
  rmSync(join(path, 'refs/heads'), { recursive: true });
  write(join(path, 'refs/heads/ostree/0/1/0'), commit);
  write(join(path, 'refs/remotes/fedora/os/stable'), commit);
  assert.deepEqual(
    (await summary()).refs.map(({ name }) => name),
    ['os/stable'],
  );
  assert.equal((await app.inject('/repo/refs/heads/os/stable')).body, `${commit}\n`);
  assert.equal((await app.inject('/repo/refs/heads/ostree/0/1/0')).statusCode, 404);
  const { body } = await app.inject('/');
  assert.ok(body.includes('ostree pull mirror os/stable') && !body.includes('ostree/0/1/0'));
});

test('two remotes with one ref: the newer commit is served, with one line in the log', async (t) => {
  const { app, path, commit, summary, warnings } = await served(t);
  const update = await updateOstreeFixture({ path, commit });
  rmSync(join(path, 'refs/heads'), { recursive: true });
  write(join(path, 'refs/remotes/one/os'), update);
  write(join(path, 'refs/remotes/two/os'), commit);
  for (let count = 0; count < 2; count++) {
    assert.deepEqual(
      (await summary()).refs.map((ref) => ref.commit),
      [update],
    );
    assert.equal((await app.inject('/repo/refs/heads/os')).body, `${update}\n`);
  }
  assert.equal(warnings().length, 1);
  assert.match(warnings()[0] ?? '', /remotes disagree about os/);
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
  rmSync(join(path, 'summary'));
  assert.equal((await summary()).refs.length, 1);
});

test('a summary that is empty, random or too large does not go out', async (t) => {
  const { app, path, summary, errors } = await served(t);
  const file = join(path, 'summary');
  for (const signature of [undefined, 'signature']) {
    if (signature !== undefined) write(join(path, 'summary.sig'), signature);
    for (const content of ['', 'not a variant', randomBytes(3000), Buffer.alloc(3000)]) {
      write(file, content);
      const answer = await app.inject('/repo/summary');
      assert.deepEqual([answer.statusCode, answer.body], [500, '']);
      assert.equal((await app.inject('/readyz')).statusCode, 503);
    }
  }
  assert.match(errors().at(-1) ?? '', /ERR_SUMMARY.*summary of .* is not served/);
  truncateSync(file, 200 * 2 ** 20);
  assert.equal((await app.inject('/repo/summary')).statusCode, 500);
  assert.match(errors().at(-1) ?? '', /too large/);
  rmSync(file);
  rmSync(join(path, 'summary.sig'));
  assert.equal((await summary()).refs.length, 1);
});

test('a summary behind a link is followed when it changes, and not out of the repository', async (t) => {
  const { app, path, summary } = await served(t);
  const withKey = (value: string) =>
    serializeSummary({ refs: [], metadata: new Map([['key', { type: 's', value }]]) });
  write(join(path, 'summary.d/one'), withKey('one'));
  symlinkSync('summary.d/one', join(path, 'summary'));
  age(join(path, 'summary.d/one'));
  assert.equal(dictString((await summary()).metadata, 'key'), 'one');
  write(join(path, 'summary.d/one'), withKey('other'));
  assert.equal(dictString((await summary()).metadata, 'key'), 'other');
  rmSync(join(path, 'summary'));
  symlinkSync('/etc/hostname', join(path, 'summary'));
  assert.equal((await app.inject('/repo/summary')).statusCode, 500);
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
  const id = repeatedChecksum('a');
  const names = ['summary.idx', 'summary.idx.sig', `summaries/${id}.gz`, `summaries/${id}-${id}.delta`];
  for (const name of names) {
    assert.equal((await app.inject(`/repo/${name}`)).statusCode, 404);
    write(join(path, name), name);
    assert.equal((await app.inject(`/repo/${name}`)).body, name);
  }
});

test("flatpak's files for people, as browsers know them", async (t) => {
  const { app, path } = await served(t);
  for (const [name, type] of [
    ['os.flatpakrepo', 'application/vnd.flatpak.repo'],
    ['app.flatpakref', 'application/vnd.flatpak.ref'],
  ] as const) {
    assert.equal((await app.inject(`/repo/${name}`)).statusCode, 404);
    write(join(path, name), name);
    const answer = await app.inject(`/repo/${name}`);
    assert.deepEqual([answer.body, answer.headers['content-type']], [name, type]);
  }
});

test('deltas: superblock and parts, and a generated index where there is none', async (t) => {
  const { app, path, commit, summary } = await served(t);
  const name = { from: repeatedChecksum('b'), to: commit };
  const index = `/repo/${deltaIndexPath(commit)}`;
  assert.equal((await app.inject(index)).statusCode, 404);
  const part = randomBytes(400_000);
  write(join(path, superblockPath(name)), 'superblock');
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
    write(join(path, superblockPath({ from: undefined, to: commit })), content);
    const answer = await app.inject(`/repo/${deltaDirectory({ from: undefined, to: commit })}/superblock`);
    assert.equal(answer.statusCode, 404);
  }
});
