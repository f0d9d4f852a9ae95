/** `treeport serve` gives ostree clients the whole commit, whatever the mode of the repository. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { makeHostileTree } from '../support/hostile-tree.ts';
import {
  commitDirectory,
  copyRepo,
  initRepo,
  makeSplitRepo,
  REF,
  type SplitGeneration,
} from '../support/ostree-repos.ts';
import { Client } from './support/client.ts';
import { OS_REF, osRepo, unlessOsRepo } from './support/os-repo.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessOsRepo();
const timeout = 300_000;
const COPIES = ['archive', 'bare-user'] as const;
const GENERATIONS: readonly SplitGeneration[] = ['inline', 'linked', 'v0'];

async function hostileRepo(folder: string): Promise<{ readonly path: string; readonly commit: Checksum }> {
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await makeHostileTree(tree);
  const path = await initRepo(join(folder, 'bare'), 'bare');
  return { path, commit: await commitDirectory(path, tree) };
}

/** Pulls from the repository at `path` in several ways, and compares the tree with that of `original`. */
async function checkServed(
  t: TestContext,
  path: string,
  original: { readonly path: string; readonly commit: Checksum },
): Promise<void> {
  const folder = await tempDir(t);
  const { repo: url } = await serve(t, path);
  for (const mode of ['bare', 'bare-user', 'archive'] as const) {
    const client = await Client.create(folder, url, { mode });
    await client.pull(...(mode === 'archive' ? ['--mirror', REF] : [REF]));
    assert.equal(await client.revision(REF), original.commit);
    await client.fsck();
    const listing = (of: string) => must(['ostree', `--repo=${of}`, 'ls', '-RCX', original.commit, '/']);
    assert.equal(await listing(client.path), await listing(original.path));
  }
}

test('a bare repository', { skip, timeout }, async (t) => {
  const original = await hostileRepo(await tempDir(t));
  await checkServed(t, original.path, original);
});

for (const mode of COPIES) {
  test(`a repository of mode ${mode}`, { skip, timeout }, async (t) => {
    const folder = await tempDir(t);
    const original = await hostileRepo(folder);
    await checkServed(t, await copyRepo(original.path, join(folder, 'copy'), mode), original);
  });
}

for (const generation of GENERATIONS) {
  test(`a bare-split-xattrs repository, generation ${generation}`, { skip, timeout }, async (t) => {
    const folder = await tempDir(t);
    const original = await hostileRepo(folder);
    await checkServed(t, makeSplitRepo(original.path, join(folder, 'split'), generation), original);
  });
}

test('a bare-user-only repository', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await makeHostileTree(tree, { plain: true });
  const path = await initRepo(join(folder, 'user-only'), 'bare-user-only');
  const commit = await commitDirectory(path, tree, { words: ['--canonical-permissions'] });
  await checkServed(t, path, { path, commit });
  const client = await Client.create(folder, (await serve(t, path)).repo, { mode: 'bare-user-only' });
  await client.pull(REF);
  assert.equal(await client.revision(REF), commit);
  await client.fsck();
});

test('a repository with a parent', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const original = await hostileRepo(folder);
  const child = await initRepo(join(folder, 'child'), 'archive');
  await must(['ostree', `--repo=${child}`, 'config', 'set', 'core.parent', original.path]);
  const ref = join(child, 'refs/heads', REF);
  await mkdir(dirname(ref), { recursive: true });
  await writeFile(ref, `${original.commit}\n`);
  await checkServed(t, child, original);
});

test('a whole OS, signed, with its history and deltas', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path, gpg, firstCommit, commit } = await osRepo();
  const { repo: url } = await serve(t, path);
  const signed = { publicKey: gpg.publicKey, verifySummary: true };
  const history = await Client.create(folder, url, signed);
  await history.pull('--depth=-1', '--disable-static-deltas', OS_REF);
  assert.equal(await history.revision(OS_REF), commit);
  await history.ostree('show', firstCommit);
  await history.fsck();

  const update = await Client.create(folder, url, signed);
  await update.pull(`${OS_REF}@${firstCommit}`);
  await update.pull('--require-static-deltas', OS_REF);
  assert.equal(await update.revision(OS_REF), commit);
  await update.fsck();
});

test('what was encoded once is taken from --cache-dir, which stays below --cache-size', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const original = await hostileRepo(folder);
  const cache = join(folder, 'cache');
  const limit = 1_000_000;
  for (const words of [[], ['--cache-size', String(limit)]]) {
    const serving = await serve(t, original.path, {
      words: ['--cache-dir', cache, '--deflate-level', '1', ...words],
    });
    const client = await Client.create(folder, serving.repo, { mode: 'bare' });
    await client.pull(REF);
    await client.fsck();
    assert.ok(readdirSync(cache, { recursive: true }).some((name) => String(name).endsWith('.filez')));
    serving.signal('SIGTERM');
    assert.equal(await serving.ended(), 0);
  }
  const bytes = await must(['sh', '-c', 'find "$0" -name "*.filez" -printf "%s\\n"', cache]);
  const sum = bytes.split('\n').reduce((total, size) => total + Number(size), 0);
  assert.ok(sum > 0 && sum <= limit, `${sum} bytes in the cache`);
});
