import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { diffCommits, diffTrees, type TreeDiff } from '../../src/ostree/diff.ts';
import { lookUp } from '../../src/ostree/lookup.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import type { MetadataSource, ObjectSource } from '../../src/ostree/object-source.ts';
import { loadCommit } from '../../src/ostree/revision.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { deepCommit } from '../support/deep-commit.ts';
import { DIFF_REF, type DiffCommits, writeDiffCommits } from '../support/diff-commits.ts';
import { coded } from '../support/expect.ts';

function paths(diff: TreeDiff) {
  const list = (entries: readonly { readonly path: string }[]) => entries.map(({ path }) => path);
  return {
    addedFiles: list(diff.addedFiles),
    addedDirs: list(diff.addedDirs),
    removedFiles: list(diff.removedFiles),
    removedDirs: list(diff.removedDirs),
    changedFiles: list(diff.changedFiles),
    changedDirs: list(diff.changedDirs),
  };
}

const NOTHING = {
  addedFiles: [],
  addedDirs: [],
  removedFiles: [],
  removedDirs: [],
  changedFiles: [],
  changedDirs: [],
};

test('files and directories that came, went or changed, each once', async (t) => {
  const { repo, from, to } = await writeDiffCommits(await tempDir(t));
  const diff = await diffCommits(repo, `${DIFF_REF}^`, DIFF_REF);
  assert.deepEqual([diff.from, diff.to, diff.subdir], [from, to, undefined]);
  assert.deepEqual(paths(diff), {
    addedFiles: ['/quoted "ü"\t'],
    addedDirs: ['/brought'],
    removedFiles: [],
    removedDirs: ['/moved'],
    changedFiles: [
      '/attributes/both',
      '/attributes/mode',
      '/attributes/owner',
      '/attributes/xattrs',
      '/dir-to-file',
      '/file-to-dir',
      '/file-to-link',
      '/link',
      '/not-text',
      '/text',
      '/without end',
    ],
    changedDirs: ['/', '/dir-mode'],
  });
  const kinds = (path: string) => {
    const pair = diff.changedFiles.find((change) => change.path === path);
    return [pair?.from.kind, pair?.to.kind];
  };
  assert.deepEqual(kinds('/dir-to-file'), ['directory', 'file']);
  assert.deepEqual(kinds('/file-to-dir'), ['file', 'directory']);
});

test('the other way round what came is what went', async (t) => {
  const { repo, from, to } = await writeDiffCommits(await tempDir(t));
  const there = paths(await diffCommits(repo, from, to));
  const back = paths(await diffCommits(repo, to, from));
  assert.deepEqual(back, {
    addedFiles: there.removedFiles,
    addedDirs: there.removedDirs,
    removedFiles: there.addedFiles,
    removedDirs: there.addedDirs,
    changedFiles: there.changedFiles,
    changedDirs: there.changedDirs,
  });
  assert.deepEqual(paths(await diffCommits(repo, to, to)), NOTHING);
});

test('a subdirectory is compared as if it were the whole tree', async (t) => {
  const { repo, from, to } = await writeDiffCommits(await tempDir(t));
  const diff = await diffCommits(repo, from, to, { subdir: 'attributes' });
  assert.equal(diff.subdir, 'attributes');
  assert.deepEqual(paths(diff), { ...NOTHING, changedFiles: ['/both', '/mode', '/owner', '/xattrs'] });
  assert.deepEqual(paths(await diffCommits(repo, from, to, { subdir: '/dir-mode' })), {
    ...NOTHING,
    changedDirs: ['/'],
  });
  await assert.rejects(
    diffCommits(repo, from, to, { subdir: '/moved' }),
    coded('ERR_PATH_MISSING', '/moved'),
  );
  await assert.rejects(
    diffCommits(repo, from, to, { subdir: '/dir-to-file' }),
    coded('ERR_PATH_MISSING', `/dir-to-file is not a directory in commit ${to}`),
  );
});

test('equal subtrees and content objects are not read', async (t) => {
  const { repo, from, to } = await writeDiffCommits(await tempDir(t));
  const expected = paths(await diffCommits(repo, from, to));
  await removeSubtree(repo, to, '/equal');
  for await (const { type, checksum } of repo.objects.list()) {
    if (type === 'file') rmSync(join(repo.path, loosePath(checksum, 'filez')));
  }
  assert.deepEqual(paths(await diffCommits(repo, from, to)), expected);
});

async function removeSubtree(repo: DiffCommits['repo'], commit: Checksum, path: string): Promise<void> {
  const { rootTree, rootMeta } = await loadCommit(repo, commit);
  const found = await lookUp(repo.objects, { tree: rootTree, meta: rootMeta }, path);
  assert.ok(found.kind === 'directory');
  rmSync(join(repo.path, loosePath(found.tree, 'dirtree')));
}

test('trees of any depth are compared', async () => {
  const [before, after] = [deepCommit(20_000), deepCommit(20_001)];
  const source = {
    metadata: async (type, checksum) =>
      (await before.source.metadata(type, checksum)) ?? after.source.metadata(type, checksum),
  } as MetadataSource as ObjectSource;
  const diff = await diffTrees(
    source,
    { tree: before.rootTree, meta: before.meta },
    { tree: after.rootTree, meta: after.meta },
  );
  assert.deepEqual(paths(diff), { ...NOTHING, addedDirs: ['/d'.repeat(20_000)] });
});
