import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import {
  type DamagedRef,
  listHeads,
  listMirrorRefs,
  listRemoteRefs,
  listRemotes,
  readRef,
} from '../../src/ostree/refs.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { must } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { commitDirectory, initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

async function repoWith(t: TestContext, refs: Readonly<Record<string, string>>): Promise<Repository> {
  const path = await tempDir(t);
  mkdirSync(join(path, 'objects'));
  writeFileSync(join(path, 'config'), '[core]\nmode=archive-z2\n');
  mkdirSync(join(path, 'refs/heads'), { recursive: true });
  for (const [file, text] of Object.entries(refs)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return openRepository(path);
}

test('heads, remote refs and mirror refs, sorted by bytes', async (t) => {
  const repo = await repoWith(t, {
    'refs/heads/main': `${A}\n`,
    'refs/heads/a/b/c': B,
    'refs/heads/a.b': `${B}\n`,
    'refs/heads/\uffee': `${B}\n`,
    'refs/remotes/origin/main': `${A}\n`,
    'refs/remotes/origin/x/y': `${B}\n`,
    'refs/mirrors/org.example.Os/main': `${A}\n`,
    'refs/mirrors/org.example.Empty/sub/.hidden': `${A}\n`,
  });
  assert.deepEqual(
    [...(await listHeads(repo))],
    [
      ['a.b', B],
      ['a/b/c', B],
      ['main', A],
    ],
  );
  assert.deepEqual(
    [...(await listRemoteRefs(repo))],
    [
      ['origin:main', A],
      ['origin:x/y', B],
    ],
  );
  assert.deepEqual(await listRemotes(repo), ['origin']);
  assert.deepEqual(await listMirrorRefs(repo), new Map([['org.example.Os', new Map([['main', A]])]]));
});

test('a repository without refs', async (t) => {
  const repo = await repoWith(t, {});
  assert.equal((await listHeads(repo)).size, 0);
  assert.equal((await listRemoteRefs(repo)).size, 0);
  assert.equal((await listMirrorRefs(repo)).size, 0);
  assert.equal(await readRef(repo, 'refs/heads', 'main'), undefined);
});

test('files that hold no checksum, or have no ref’s name, are no refs', async (t) => {
  const repo = await repoWith(t, {
    'refs/heads/good': A,
    'refs/heads/empty': '',
    'refs/heads/upper': A.toUpperCase(),
    'refs/heads/text': 'hello\n',
    'refs/heads/.temporary': A,
    'refs/heads/-dash': A,
  });
  assert.deepEqual([...(await listHeads(repo)).keys()], ['good']);
  assert.equal(await readRef(repo, 'refs/heads', 'text'), undefined);
  assert.equal(await readRef(repo, 'refs/heads', 'good/below'), undefined);
});

test('damaged refs are told of, and others are listed', async (t) => {
  const repo = await repoWith(t, {
    'refs/heads/good': A,
    'refs/heads/empty': '',
    'refs/heads/os/short': A.slice(1),
    'refs/heads/huge': A.repeat(1000),
    'refs/heads/.temporary': '',
    'refs/remotes/origin/bad': 'x',
    'refs/mirrors/org.example.Os/bad': 'x',
    secret: B,
  });
  symlinkSync('nowhere', join(repo.path, 'refs/heads/dangling'));
  symlinkSync('../../secret', join(repo.path, 'refs/heads/outside'));
  symlinkSync('os', join(repo.path, 'refs/heads/directory'));
  symlinkSync('circle', join(repo.path, 'refs/heads/circle'));
  await must(['mkfifo', join(repo.path, 'refs/heads/fifo')]);
  const damaged = new Map<string, string>();
  const options = { onDamaged: ({ path, why }: DamagedRef) => damaged.set(path, why) };
  assert.deepEqual([...(await listHeads(repo, options)).keys()], ['good']);
  assert.equal((await listRemoteRefs(repo, options)).size, 0);
  assert.equal((await listMirrorRefs(repo, options)).size, 0);
  const heads = ['circle', 'dangling', 'directory', 'empty', 'fifo', 'huge', 'os/short', 'outside'];
  const names = heads.map((name) => `refs/heads/${name}`);
  assert.deepEqual(
    [...damaged.keys()].toSorted(),
    [...names, 'refs/mirrors/org.example.Os/bad', 'refs/remotes/origin/bad'].toSorted(),
  );
  assert.match(damaged.get('refs/heads/empty') ?? '', /checksum of a commit/);
  assert.match(damaged.get('refs/heads/dangling') ?? '', /a broken link/);
  assert.match(damaged.get('refs/heads/fifo') ?? '', /FIFO/);
  assert.match(damaged.get('refs/heads/huge') ?? '', /too large/);
});

test('an alias is followed within the refs, and not out of them', async (t) => {
  const repo = await repoWith(t, { 'refs/heads/os/v1': A, secret: B, 'refs/remotes/origin/main': B });
  const link = (target: string, name: string) => symlinkSync(target, join(repo.path, 'refs/heads', name));
  link('v1', 'os/stable');
  link('os/stable', 'alias-of-alias');
  link('../../secret', 'outside');
  link('../remotes/origin/main', 'of-a-remote');
  link(join(repo.path, 'secret'), 'absolute');
  link('nowhere', 'dangling');
  link('circle', 'circle');
  link('.', 'here');
  link('os', 'directory');
  assert.deepEqual(
    [...(await listHeads(repo))],
    [
      ['alias-of-alias', A],
      ['of-a-remote', B],
      ['os/stable', A],
      ['os/v1', A],
    ],
  );
  for (const name of ['outside', 'absolute', 'dangling', 'circle', 'here']) {
    assert.equal(await readRef(repo, 'refs/heads', name), undefined, name);
  }
  assert.equal(await readRef(repo, 'refs/heads', 'alias-of-alias'), A);
});

test('the same refs as ostree lists', { skip: unlessInstalled('ostree') }, async (t) => {
  const folder = await tempDir(t);
  const path = await initRepo(join(folder, 'repo'), 'archive');
  mkdirSync(join(folder, 'tree'));
  const commit = await commitDirectory(path, join(folder, 'tree'), { ref: 'os/x86_64/main' });
  const ostree = (...words: string[]) => must(['ostree', `--repo=${path}`, ...words]);
  await ostree('refs', '--create=os/stable', commit);
  await ostree('refs', '--alias', '--create=os/alias', 'os/stable');
  await ostree('remote', 'add', '--no-gpg-verify', 'origin', 'http://localhost/');
  await ostree('refs', '--create=origin:os/main', commit);
  const repo = await openRepository(path);
  const ours = [...(await listHeads(repo)).keys(), ...(await listRemoteRefs(repo)).keys()];
  assert.deepEqual(ours.toSorted(), (await ostree('refs')).split('\n').toSorted());
  assert.deepEqual(
    await listHeads(repo),
    new Map(['os/alias', 'os/stable', 'os/x86_64/main'].map((ref) => [ref, commit])),
  );
});
