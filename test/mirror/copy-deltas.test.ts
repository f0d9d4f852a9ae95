import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { deltaDirectory, deltaIndexPath } from '../../src/ostree/delta-name.ts';
import { parseSummary } from '../../src/ostree/summary.ts';
import { coded } from '../support/expect.ts';
import type { MirrorSource } from '../support/mirror-repos.ts';
import { makeMirror } from '../support/mirror-root.ts';
import { unlessInstalled } from '../support/programs.ts';

const skip = unlessInstalled('tar');

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-copy-'));
});
after(() => rm(directory, { recursive: true }));

test('deltas that lead to published commits are carried over, with their indexes', { skip }, async () => {
  const { path, source } = await makeMirror(directory, {
    prepare: async ({ repo, first, commit }) => {
      for (const name of [
        { from: first, to: commit },
        { from: commit, to: first },
      ]) {
        const delta = join(repo.path, deltaDirectory(name));
        await mkdir(delta, { recursive: true });
        for (const file of ['superblock', '0', '1', 'not-a-part']) await writeFile(join(delta, file), file);
      }
      const index = join(repo.path, deltaIndexPath(commit));
      await mkdir(dirname(index), { recursive: true });
      await writeFile(index, 'the index');
    },
  });
  const { first, commit } = source;
  const delta = join(path, deltaDirectory({ from: first, to: commit }));
  assert.deepEqual(readdirSync(delta).toSorted(), ['0', '1', 'superblock']);
  assert.equal(await readFile(join(path, deltaIndexPath(commit)), 'utf8'), 'the index');
  await assert.rejects(stat(join(path, deltaDirectory({ from: commit, to: first }))), { code: 'ENOENT' });
  const summary = parseSummary(await readFile(join(path, 'summary')));
  const listed = summary.metadata.get('ostree.static-deltas') ?? assert.fail();
  assert.deepEqual(
    (listed.value as readonly [string][]).map(([key]) => key),
    [`${first}-${commit}`],
  );
});

test('no file from outside of the repository gets into a mirror', { skip }, async () => {
  for (const linked of ['superblock', '0', 'the directory']) {
    const prepare = async ({ repo, commit }: MirrorSource) => {
      const delta = join(repo.path, deltaDirectory({ from: undefined, to: commit }));
      const outside = join(repo.path, '../outside');
      const isDirectory = linked === 'the directory';
      await mkdir(outside);
      await mkdir(isDirectory ? dirname(delta) : delta, { recursive: true });
      if (isDirectory) await symlink(outside, delta);
      for (const file of ['superblock', '0']) {
        await writeFile(join(outside, file), 'secret');
        if (file === linked) await symlink(join(outside, file), join(delta, file));
        else if (!isDirectory) await writeFile(join(delta, file), file);
      }
    };
    await assert.rejects(makeMirror(directory, { prepare }), coded('ERR_FILE_UNSAFE', 'deltas/'), linked);
  }
});
