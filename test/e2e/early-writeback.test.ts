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
    ['small', { kind: 'file', mode: 0o644, content: 'small' }],
    ['large', { kind: 'file', mode: 0o644, content: Buffer.alloc(100_000, 'large') }],
  ]),
};

test('an import starts writing larger files to disk early, unless nothing is to be synced', {
  skip,
}, async (t) => {
  const folder = await tempDir(t);
  const { repo, commit } = await commitToArchive(folder, TREE);
  const input = await collect(exportCommit(repo.objects, commit));
  const started = async (name: string, ...config: readonly string[]) => {
    const target = join(folder, name);
    await must(['ostree', `--repo=${target}`, 'init', '--mode=bare-user']);
    for (const line of config)
      await must(['ostree', `--repo=${target}`, 'config', 'set', ...line.split('=')]);
    const trace = join(folder, `${name}.trace`);
    const traced = ['strace', '-f', '-y', '-e', 'trace=sync_file_range', '-o', trace];
    await must([...traced, ...TREEPORT, 'tar', 'import', '--repo', target], { input });
    await must(['ostree', `--repo=${target}`, 'fsck', '--quiet']);
    return readFileSync(trace, 'utf8').match(/sync_file_range\(.*/g) ?? [];
  };
  const [call, ...more] = await started('synced');
  assert.match(call ?? '', /tmp\/staging-[^>]*\.file>, 0, 0, SYNC_FILE_RANGE_WRITE\) = 0$/);
  assert.deepEqual(more, []);
  assert.deepEqual(await started('unsynced', 'core.fsync=false'), []);
});
