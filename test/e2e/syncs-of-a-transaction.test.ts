import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import type { TreeDirectory } from '../../src/ostree/commit-tree.ts';
import { exportCommit } from '../../src/tar/export-commit.ts';
import { commitToArchive, unlessLibostree } from '../support/libostree.ts';
import { unlessInstalled } from '../support/programs.ts';
import { must, TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessLibostree() || unlessInstalled('ostree', 'strace');

const TREE: TreeDirectory = {
  kind: 'directory',
  mode: 0o755,
  entries: new Map([
    ['one', { kind: 'file', mode: 0o644, content: 'one' }],
    ['two', { kind: 'file', mode: 0o644, content: 'two' }],
  ]),
};

const CALLS = {
  sync: /syncfs\(\d+<[^>]*\/repo>\) += 0|syncfs resumed>\) += 0/,
  publish: /renameat2?\(\d+<[^>]*\/tmp\/staging-[^>]*>, .*\/repo\/objects>/,
  'sync a directory': /fsync\(\d+<[^>]*\/repo\/objects/,
} as const;

test('objects are synced before and after they get their names, unless nothing is to be synced', {
  skip,
}, async (t) => {
  const folder = await tempDir(t);
  const { repo, commit } = await commitToArchive(folder, TREE);
  const input = await collect(exportCommit(repo.objects, commit));
  const calls = async (...config: readonly string[]) => {
    const target = join(await tempDir(t), 'repo');
    await must(['ostree', `--repo=${target}`, 'init', '--mode=bare-user']);
    for (const line of config)
      await must(['ostree', `--repo=${target}`, 'config', 'set', ...line.split('=')]);
    const trace = `${target}.trace`;
    const traced = ['strace', '-f', '-y', '-e', 'trace=syncfs,renameat,renameat2,fsync', '-o', trace];
    await must([...traced, ...TREEPORT, 'tar', 'import', '--repo', target], { input });
    await must(['ostree', `--repo=${target}`, 'fsck', '--quiet']);
    return readFileSync(trace, 'utf8')
      .split('\n')
      .flatMap((line) => Object.entries(CALLS).find(([, pattern]) => pattern.test(line))?.[0] ?? []);
  };
  const synced = await calls();
  assert.deepEqual(
    synced.filter((call, index) => call !== synced[index - 1]),
    ['sync', 'publish', 'sync'],
  );
  assert.deepEqual([...new Set(await calls('core.fsync=false'))], ['publish']);
});
