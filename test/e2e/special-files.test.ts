/**
 * Special files and links out of a repository: every verb says which it was, in time, and leaves it alone.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { freePort } from '../support/free-port.ts';
import { FIXTURE_REF, fixtureObject, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { eventually, start } from './support/processes.ts';
import { must, TREEPORT, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessInstalled('mkfifo', 'mknod') || unlessRoot();
/** A program that waits for the other end of a FIFO never ends. */
const timeout = 30_000;
const BASH = fixtureObject('/usr/bin/bash');

type Place = { readonly folder: string; readonly repo: string; readonly commit: Checksum };

async function place(t: TestContext): Promise<Place> {
  const folder = await tempDir(t);
  const { path: repo, commit } = await writeOstreeFixture(join(folder, 'repo'));
  return { folder, repo, commit };
}

type Verb = (place: Place) => readonly string[];

const refs: Verb = ({ repo }) => ['repo', 'refs', '--repo', repo];
const show: Verb = ({ repo }) => ['repo', 'show', '--repo', repo, FIXTURE_REF];
const fsck: Verb = ({ repo }) => ['repo', 'fsck', '--quiet', '--repo', repo];
const tar: Verb = ({ repo, commit, folder }) => [
  ...['tar', 'export', '--repo', repo, commit],
  ...['--output', join(folder, 'tar')],
];
const encapsulate: Verb = ({ repo, commit, folder }) => [
  ...['container', 'encapsulate', '--quiet', '--repo', repo],
  ...[commit, `oci:${folder}/image`],
];
const serve: Verb = ({ repo }) => ['serve', '--listen', '127.0.0.1:0', '--repo', repo];

async function refuses(where: Place, verb: Verb, code: ErrorCode, naming: string): Promise<void> {
  const words = verb(where);
  const { status, signal, stderr } = await treeport(words, { timeout });
  const what = `treeport ${words.join(' ')}\n${stderr}`;
  assert.deepEqual([status, signal], [1, null], what);
  const last = stderr.trim().split('\n').at(-1) ?? '';
  assert.ok(last.startsWith(`treeport: ${code}: `) && stderr.includes(naming), what);
}

async function replace(path: string, words: readonly string[]): Promise<void> {
  rmSync(path, { recursive: true });
  await must(words);
}

test('a FIFO as the config of a repository', { skip, timeout: 4 * timeout }, async (t) => {
  const where = await place(t);
  const config = join(where.repo, 'config');
  await replace(config, ['mkfifo', config]);
  for (const verb of [refs, tar, encapsulate, serve]) await refuses(where, verb, 'ERR_FILE_UNSAFE', config);
});

test('a FIFO as a ref', { skip, timeout: 3 * timeout }, async (t) => {
  const where = await place(t);
  const path = `refs/heads/${FIXTURE_REF}`;
  await replace(join(where.repo, path), ['mkfifo', join(where.repo, path)]);
  await refuses(where, refs, 'ERR_REF_DAMAGED', path);
  await refuses(where, show, 'ERR_REF_MISSING', FIXTURE_REF);
});

test('a device as an object', { skip, timeout: 3 * timeout }, async (t) => {
  const where = await place(t);
  const object = join(where.repo, loosePath(BASH, 'filez'));
  await replace(object, ['mknod', object, 'c', '1', '5']);
  for (const verb of [tar, encapsulate]) await refuses(where, verb, 'ERR_OBJECT_UNREADABLE', object);
  await refuses(where, fsck, 'ERR_FSCK', '1 unreadable');
});

test('directories of a repository as links out of it', { skip, timeout: 4 * timeout }, async (t) => {
  for (const [linked, verb, code] of [
    ['objects', tar, 'ERR_FILE_UNSAFE'],
    [join(loosePath(BASH, 'filez'), '..'), encapsulate, 'ERR_OBJECT_UNREADABLE'],
    ['refs', refs, 'ERR_FILE_UNSAFE'],
  ] as const) {
    const where = await place(t);
    renameSync(join(where.repo, linked), join(where.folder, 'away'));
    symlinkSync(join(where.folder, 'away'), join(where.repo, linked));
    await refuses(where, verb, code, linked);
  }
});

test('a server of such a repository answers, and ends when it is told to', {
  skip,
  timeout: 2 * timeout,
}, async (t) => {
  const { repo } = await place(t);
  const shadow = readFileSync('/etc/shadow', 'utf8').slice(0, 20);
  const fifos = ['refs/heads/fifo', 'summary.sig', 'summary.idx', loosePath(repeatedChecksum('d'), 'filez')];
  for (const file of fifos) {
    mkdirSync(join(repo, file, '..'), { recursive: true });
    await must(['mkfifo', join(repo, file)]);
  }
  mkdirSync(join(repo, 'summaries'));
  const linked = `summaries/${'a'.repeat(64)}.gz`;
  symlinkSync('/etc/shadow', join(repo, linked));
  const port = await freePort();
  const server = start(t, [...TREEPORT, 'serve', '--repo', repo, '--listen', `127.0.0.1:${port}`]);
  const get = async (file: string) => fetch(`http://127.0.0.1:${port}/repo/${file}`);
  await eventually('the server answers', () => get('config').catch(() => undefined));
  for (const file of [...fifos, linked]) {
    const answer = await get(file);
    assert.ok(answer.status >= 400, `${file}: ${answer.status}`);
    assert.ok(!(await answer.text()).includes(shadow), file);
  }
  assert.equal((await get('summary')).status, 200);
  server.signal('SIGTERM');
  assert.equal(await server.ended(), 0, server.output());
});
