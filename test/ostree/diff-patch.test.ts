import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory } from '../../src/ostree/commit-tree.ts';
import { diffCommits } from '../../src/ostree/diff.ts';
import { formatDiffPatch } from '../../src/ostree/diff-patch.ts';
import { isSymlink } from '../../src/ostree/file-header.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import { loadCommit } from '../../src/ostree/revision.ts';
import { filesBelow } from '../../src/ostree/walk.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { writeDiffCommits } from '../support/diff-commits.ts';
import { unlessInstalled } from '../support/programs.ts';

async function patchOf(repo: Repository, from: Checksum, to: Checksum): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of formatDiffPatch(repo.objects, await diffCommits(repo, from, to)))
    pieces.push(piece);
  return pieces.join('');
}

/** Path to what git knows of a file: its type, whether it may be run, its bytes. */
async function unpack(repo: Repository, commit: Checksum, folder: string): Promise<void> {
  const { rootTree, rootMeta } = await loadCommit(repo, commit);
  for await (const { path, checksum } of filesBelow(repo.objects, { tree: rootTree, meta: rootMeta })) {
    const { header, stream } = await repo.objects.content(checksum);
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (isSymlink(header)) symlinkSync(header.target, file);
    else {
      writeFileSync(file, await collect(stream()));
      chmodSync(file, header.mode & 0o111 ? 0o755 : 0o644);
    }
  }
}

test('git apply makes the second tree of the first', { skip: unlessInstalled('git') }, async (t) => {
  const folder = await tempDir(t);
  const { repo, from, to } = await writeDiffCommits(join(folder, 'repo'));
  const [before, after] = [join(folder, 'before'), join(folder, 'after')];
  await mkdir(before);
  await unpack(repo, from, before);
  await unpack(repo, to, after);
  const patch = await patchOf(repo, from, to);
  const applied = spawnSync('git', ['apply', '--exclude=not-text', '-'], {
    cwd: before,
    input: patch,
    encoding: 'utf8',
  });
  assert.equal(applied.status, 0, applied.stderr);
  const left = spawnSync('git', ['diff', '--no-index', '--name-only', before, after], { encoding: 'utf8' });
  assert.equal(left.stdout.trim(), join(after, 'not-text'));
});

test('what is not text is named, not shown', async (t) => {
  const { repo, from, to } = await writeDiffCommits(await tempDir(t));
  const patch = await patchOf(repo, from, to);
  assert.match(patch, binary('not-text'));
  // Nothing of it changed that a patch can say.
  assert.ok(!patch.includes('a/attributes/owner'));
});

test('texts that are large, or differ in very many lines, are treated as binary', async (t) => {
  const writer = await ArchiveWriter.create(await tempDir(t));
  const commit = (large: string, other: string) => {
    const file = (content: string) => ({ kind: 'file', mode: 0o644, content }) as const;
    const entries = new Map([
      ['large', file(large)],
      ['other', file(other)],
    ]);
    const tree: TreeDirectory = { kind: 'directory', mode: 0o755, entries };
    return commitTree(writer, tree, { timestamp: 0 });
  };
  const lines = (word: string) => Array.from({ length: 5000 }, (_, n) => `${word} ${n}\n`).join('');
  const from = await commit('x'.repeat(1024 * 1024 + 1), lines('old'));
  const to = await commit('y'.repeat(1024 * 1024 + 1), lines('new'));
  const patch = await patchOf(await openRepository(writer.path), from, to);
  assert.match(patch, binary('large'));
  assert.match(patch, binary('other'));
  assert.ok(patch.length < 1000);
});

function binary(name: string): RegExp {
  const lines = [
    `diff --git a/${name} b/${name}`,
    'index [0-9a-f]{12}\\.\\.[0-9a-f]{12}',
    `Binary files a/${name} and b/${name} differ`,
  ];
  return new RegExp(`^${lines.join('\n')}$`, 'm');
}
