/** What a server does when clients, objects or its own time come to an end. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { commitDirectory, initRepo, listTree, REF } from '../support/ostree-repos.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { Client } from './support/client.ts';
import { OS_REF, osRepo, unlessOsRepo } from './support/os-repo.ts';
import { eventually, start } from './support/processes.ts';
import { tempDir } from './support/scratch.ts';
import { type Serving, serve } from './support/serve.ts';

/** For tests that only need a small repository of their own. */
const skip = unlessInstalled('ostree');
const skipOs = unlessOsRepo();
const timeout = 300_000;

const LARGE_BYTES = 30 << 20;

type Spoilt = { readonly repo: string; readonly files: Readonly<Record<string, string>> };

/** A repository of its own with files to spoil; `files` has their ids, and that of the directory. */
async function ownRepo(t: TestContext, mode: 'bare' | 'archive' = 'bare'): Promise<Spoilt> {
  const folder = await tempDir(t);
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'directory'), { recursive: true });
  for (const name of ['a', 'b', 'c', 'directory/inside']) writeFileSync(join(tree, name), `${name}\n`);
  writeFileSync(join(tree, 'large'), randomBytes(LARGE_BYTES));
  const repo = await initRepo(join(folder, 'repo'), mode);
  const commit = await commitDirectory(repo, tree);
  const entries = (await listTree(repo, commit)).map(({ path, checksum }) => [path, checksum] as const);
  return { repo, files: Object.fromEntries(entries) };
}

function objectPath({ repo, files }: Spoilt, name: string, type: string): string {
  const id = files[name] ?? '';
  return join(repo, 'objects', id.slice(0, 2), `${id.slice(2)}.${type}`);
}

/** Changes one byte near the end; size, owner and mode stay. */
function corrupt(path: string): void {
  const { size } = lstatSync(path);
  const at = Math.max(0, size - 2);
  const [byte = 0] = readFileSync(path).subarray(at);
  writeSync(openSync(path, 'r+'), Buffer.from([byte ^ 0x55]), 0, 1, at);
}

/** A client must fail, and the log must name the object. */
async function checkFault(t: TestContext, serving: Serving, id: string): Promise<void> {
  const client = await Client.create(await tempDir(t), serving.repo);
  const outcome = await client.tryPull(REF);
  assert.notEqual(outcome.status, 0, `the client was content:\n${outcome.stdout}`);
  assert.match(outcome.stderr, /^error: /m);
  assert.ok(serving.output().includes(id), `no ${id} in the log:\n${serving.output()}`);
  const healthy = await fetch(`${serving.origin}/healthz`);
  assert.equal(healthy.status, 200, 'the server goes on');
}

const faults = {
  corrupt: corrupt,
  missing: (path: string) => rmSync(path),
};
const objects = [
  ['/a', 'file', 'a small file'],
  ['/large', 'file', 'a large file'],
  ['/directory', 'dirtree', 'a directory'],
] as const;

for (const [fault, spoil] of Object.entries(faults)) {
  for (const [name, type, what] of objects) {
    test(`${what} that is ${fault}: an error for the client, the id in the log`, {
      skip,
      timeout,
    }, async (t) => {
      const own = await ownRepo(t);
      spoil(objectPath(own, name, type));
      await checkFault(t, await serve(t, own.repo), own.files[name] ?? '');
    });
  }
}

test('an archive file that is missing: an error for the client, the id in the log', {
  skip,
  timeout,
}, async (t) => {
  const own = await ownRepo(t, 'archive');
  rmSync(objectPath(own, '/large', 'filez'));
  await checkFault(t, await serve(t, own.repo), own.files['/large'] ?? '');
});

test('a corrupt archive file goes out as it lies there: clients refuse it, and the id is in the log soon after', {
  skip,
  timeout,
}, async (t) => {
  const own = await ownRepo(t, 'archive');
  corrupt(objectPath(own, '/large', 'filez'));
  const serving = await serve(t, own.repo);
  const { status, stderr } = await (await Client.create(await tempDir(t), serving.repo)).tryPull(REF);
  assert.notEqual(status, 0);
  assert.match(stderr, /^error: /m);
  const id = own.files['/large'] ?? '';
  await eventually(
    'the line in the log',
    () => new RegExp(`object ${id}.filez? is corrupt`).test(serving.output()) || undefined,
  );
});

test('a corrupt large file never ends cleanly, though its first bytes are sent', {
  skip,
  timeout,
}, async (t) => {
  const own = await ownRepo(t);
  const id = own.files['/large'] ?? '';
  corrupt(objectPath(own, '/large', 'file'));
  const { repo: url } = await serve(t, own.repo);
  const answer = await fetch(`${url}/objects/${id.slice(0, 2)}/${id.slice(2)}.filez`);
  await assert.rejects(answer.arrayBuffer());
});

test('an unreadable file: an error for the client, the id in the log', {
  skip: skip || unlessRoot() || unlessInstalled('setpriv'),
  timeout,
}, async (t) => {
  const own = await ownRepo(t);
  for (const [name, type] of [
    ['/b', 'file'],
    ['/directory', 'dirtree'],
  ] as const) {
    chmodSync(objectPath(own, name, type), 0);
    // Root without its capabilities is stopped by modes like everyone else.
    const serving = await serve(t, own.repo, {
      under: ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'],
    });
    await checkFault(t, serving, own.files[name] ?? '');
    chmodSync(objectPath(own, name, type), 0o644);
  }
});

test('a client killed half-way goes on where it was', { skip: skipOs, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path, commit } = await osRepo();
  const serving = await serve(t, path);
  const client = await Client.create(folder, serving.repo);
  const words = ['ostree', `--repo=${client.path}`, 'pull', '--disable-static-deltas', 'mirror', OS_REF];
  const first = start(t, words);
  await eventually('half of the objects are here', () => client.objectCount() > 1500 || undefined);
  first.signal('SIGKILL');
  assert.equal(await first.ended(), 'SIGKILL');
  const kept = client.objectCount();
  const before = await objectsSent(serving);

  await client.pull('--disable-static-deltas', OS_REF);
  const again = (await objectsSent(serving)) - before;
  const all = client.objectCount();
  assert.ok(again <= all - kept + 20, `${again} objects sent again; ${kept} of ${all} were here`);
  assert.equal(await client.revision(OS_REF), commit);
  await client.fsck();
});

/** What the log says, when it says all: lines wait a little to be written together. */
async function objectsSent(serving: Serving): Promise<number> {
  const mark = `/healthz?mark=${randomUUID()}`;
  await fetch(serving.origin + mark);
  await eventually('the mark in the log', () => serving.output().includes(mark) || undefined);
  return [...serving.output().matchAll(/"url":"[^"]*\/objects\/[^"]*","status":200/g)].length;
}

test('a mirror of a repository that has vanished fails, and keeps what it has', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  await mkdir(join(folder, 'tree'));
  const commit = await commitDirectory(repo, join(folder, 'tree'));
  const serving = await serve(t, repo);
  const client = await Client.create(folder, serving.repo, { mode: 'archive' });
  await client.pull('--mirror');
  for (const replace of [() => {}, () => mkdirSync(repo)]) {
    renameSync(repo, `${repo}.away`);
    replace();
    const { status, stderr } = await client.tryPull('--mirror');
    assert.notEqual(status, 0, 'the client was content');
    assert.match(stderr, /500/);
    assert.equal((await fetch(`${serving.origin}/readyz`)).status, 503);
    rmSync(repo, { recursive: true, force: true });
    renameSync(`${repo}.away`, repo);
    await client.pull('--mirror');
    assert.equal(await client.revision(REF), commit);
  }
});

test('SIGTERM lets answers end, takes no new ones and exits with 0', {
  skip: skip || unlessInstalled('curl'),
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const own = await ownRepo(t);
  const id = own.files['/large'] ?? '';
  const serving = await serve(t, own.repo);
  const url = `${serving.repo}/objects/${id.slice(0, 2)}/${id.slice(2)}.filez`;
  const file = join(folder, 'large.filez');
  const rate = `${LARGE_BYTES / 3}`;
  const slow = start(t, ['curl', '--silent', '--fail', '--limit-rate', rate, '--output', file, url]);
  await eventually('the answer has begun', () => sizeOf(file) > 100_000 || undefined);
  serving.signal('SIGTERM');
  await eventually('nothing new is taken', () =>
    fetch(`${serving.origin}/healthz`).then(
      () => undefined,
      () => true,
    ),
  );
  assert.equal(slow.hasEnded(), false, 'the answer was still running');
  assert.equal(await slow.ended(), 0);
  assert.ok(sizeOf(file) > LARGE_BYTES);
  assert.equal(await serving.ended(), 0);
});

test('SIGTERM with a drain delay: not ready, but served; SIGINT, or a second SIGTERM, does not wait', {
  skip,
  timeout,
}, async (t) => {
  const repo = await initRepo(join(await tempDir(t), 'repo'), 'archive');
  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGINT', 0],
  ] as const) {
    const serving = await serve(t, repo, { words: ['--drain-delay', '3600'] });
    if (signal === 'SIGTERM') {
      serving.signal('SIGTERM');
      await eventually(
        'it is not ready',
        async () => (await fetch(`${serving.origin}/readyz`)).status === 503 || undefined,
      );
      assert.equal((await fetch(`${serving.repo}/config`)).status, 200);
    }
    serving.signal(signal);
    assert.equal(await serving.ended(), status);
  }
});

test('SIGTERM during a pull: what the client has got is whole', { skip: skipOs, timeout }, async (t) => {
  const { path, commit } = await osRepo();
  const serving = await serve(t, path);
  const client = await Client.create(await tempDir(t), serving.repo);
  const words = ['ostree', `--repo=${client.path}`, 'pull', '--disable-static-deltas', 'mirror', OS_REF];
  const pulling = start(t, words);
  await eventually('some objects are here', () => client.objectCount() > 500 || undefined);
  serving.signal('SIGTERM');
  assert.equal(await serving.ended(), 0);
  assert.notEqual(await pulling.ended(), 0);

  const { repo: url } = await serve(t, path);
  await client.ostree('config', 'set', 'remote "mirror".url', url);
  await client.pull('--disable-static-deltas', OS_REF);
  assert.equal(await client.revision(OS_REF), commit);
  await client.fsck();
});

function sizeOf(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
