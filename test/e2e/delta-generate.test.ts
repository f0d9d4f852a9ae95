/** Static deltas that treeport generates are applied by the real ostree, offline and in pulls. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { type DeltaTrees, writeDeltaTrees } from '../support/delta-trees.ts';
import { unlessInstalled } from '../support/programs.ts';
import { newRepo, ostreeFsck, treeListing } from './support/import-repo.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessInstalled('ostree');

/** Several parts for each of the small trees; 0 MB is one object a part. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  'one part': [],
  'a part for each object': ['--max-chunk-size=0'],
  'small, inline, big-endian': ['--profile=small', '--inline', '--set-endianness=B'],
  'no binary patches': ['--disable-bsdiff', '--profile=balanced'],
};

async function baseRepo(folder: string, { repo, from }: DeltaTrees): Promise<string> {
  const base = await newRepo(join(folder, 'client'), 'bare-user');
  await must(['ostree', `--repo=${base}`, 'pull-local', repo.path, from]);
  return base;
}

async function checkComplete(client: string, { repo, to }: DeltaTrees): Promise<void> {
  await ostreeFsck(client);
  assert.equal(await treeListing(client, to), await treeListing(repo.path, to));
}

for (const [name, words] of Object.entries(OPTIONS)) {
  test(`ostree applies a delta offline: ${name}`, { skip }, async (t) => {
    const folder = await tempDir(t);
    const trees = await writeDeltaTrees(join(folder, 'repo'));
    for (const [from, base] of [
      ['scratch', ['--empty']],
      ['commit', ['--from', trees.from]],
    ] as const) {
      mkdirSync(join(folder, from));
      const superblock = join(folder, from, 'superblock');
      const options = ['--min-fallback-size=0', '--filename', superblock, ...words, ...base];
      await mustTreeport(['delta', 'generate', '--repo', trees.repo.path, ...options, 'os']);
      mkdirSync(join(folder, `${from}-client`));
      const client = await baseRepo(join(folder, `${from}-client`), trees);
      await must(['ostree', `--repo=${client}`, 'static-delta', 'apply-offline', superblock]);
      await checkComplete(client, trees);
    }
  });
}

test('ostree pulls by a delta from scratch with fallbacks, and by one from the parent', {
  skip,
}, async (t) => {
  const folder = await tempDir(t);
  const trees = await writeDeltaTrees(join(folder, 'repo'));
  const { path } = trees.repo;
  await must(['ostree', `--repo=${path}`, 'summary', '--update']);
  const generate = ['delta', 'generate', '--repo', path];
  assert.match(await mustTreeport([...generate, 'os']), /^\d+ objects in 1 part, /);
  await mustTreeport([...generate, '--empty', 'os']);
  const { repo: url } = await serve(t, path);
  for (const kind of ['empty', 'parent']) {
    mkdirSync(join(folder, kind));
    const client =
      kind === 'parent'
        ? await baseRepo(join(folder, kind), trees)
        : await newRepo(join(folder, kind, 'client'), 'bare-user');
    const ostree = ['ostree', `--repo=${client}`];
    await must([...ostree, 'remote', 'add', '--no-gpg-verify', 'origin', url]);
    await must([...ostree, 'pull', '--require-static-deltas', 'origin', 'os']);
    await checkComplete(client, trees);
  }
});

test('a commit without a parent needs --from or --empty', { skip }, async (t) => {
  const { repo, from } = await writeDeltaTrees(join(await tempDir(t), 'repo'));
  const { status, stderr } = await treeport(['delta', 'generate', '--repo', repo.path, from]);
  assert.equal(status, 1);
  assert.match(stderr, /^treeport: ERR_COMMIT_MISSING: .*no parent.*--empty|--empty.*ERR_COMMIT_MISSING/m);
  assert.ok(!existsSync(join(repo.path, 'deltas')));
});

test("ostree's other words: --to, --swap-endianness; a key as an argument is refused", {
  skip,
}, async (t) => {
  const folder = await tempDir(t);
  const { repo } = await writeDeltaTrees(join(folder, 'repo'));
  const generate = ['delta', 'generate', '--repo', repo.path, '--empty', '--min-fallback-size=0'];
  const file = join(folder, 'superblock');
  await mustTreeport([...generate, '--to', 'os', '--swap-endianness', '--filename', file]);
  const swapped = endianness() === 'LE' ? 'big' : 'little';
  assert.match(
    await mustTreeport(['delta', 'show', '--repo', repo.path, file]),
    new RegExp(`^Endianness: ${swapped}$`, 'm'),
  );
  for (const [words, message] of [
    [['os', '--to', 'os'], 'name the commit that the delta leads to once'],
    [[], 'name the commit that the delta leads to once'],
    [['os', '--swap-endianness', '--set-endianness', 'l'], 'cannot be used with option'],
    [['os', '--sign', 'KEY'], 'command lines: --keys-file'],
  ] as const) {
    const { status, stderr } = await treeport([...generate, ...words]);
    assert.equal(status, 2);
    assert.ok(stderr.startsWith('treeport: ERR_USAGE: ') && stderr.includes(message), stderr);
  }
});

test('a key signs the superblock of an offline delta, and else the summary', { skip }, async (t) => {
  const folder = await tempDir(t);
  const { path } = (await writeDeltaTrees(join(folder, 'repo'))).repo;
  const key = join(folder, 'key');
  await mustTreeport(['sign', 'keygen', key]);
  const generate = ['delta', 'generate', '--repo', path, '--keys-file', key, 'os'];
  await mustTreeport([...generate, '--filename', join(folder, 'superblock')]);
  const verify = ['delta', 'verify', '--repo', path, '--keys-file', `${key}.pub`, join(folder, 'superblock')];
  await mustTreeport(verify);
  await must(['ostree', `--repo=${path}`, 'summary', '--update']);
  await mustTreeport(['sign', 'summary', '--repo', path, '--keys-file', key]);
  const { stdout, stderr } = await treeport(generate);
  assert.doesNotMatch(stdout + stderr, /index only/);
  await mustTreeport(['sign', 'verify', '--repo', path, '--summary', '--keys-file', `${key}.pub`]);
  assert.match(await must(['ostree', `--repo=${path}`, 'summary', '--view']), /Static Deltas/);
});

test('a file that holds no such key is an error before any work', { skip }, async (t) => {
  const folder = await tempDir(t);
  const { path } = (await writeDeltaTrees(join(folder, 'repo'))).repo;
  const key = join(folder, 'key');
  await mustTreeport(['sign', 'keygen', key]);
  for (const words of [
    ['--keys-file', join(folder, 'absent')],
    ['--keys-file', key, '--sign-type', 'spki'],
  ]) {
    const { status, stderr } = await treeport(['delta', 'generate', '--repo', path, ...words, 'os']);
    assert.equal(status, 1);
    assert.match(stderr, /ERR_SIGNING_KEY/);
  }
  assert.ok(!existsSync(join(path, 'deltas')));
});
