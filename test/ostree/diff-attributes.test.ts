import assert from 'node:assert/strict';
import test from 'node:test';
import { diffCommits } from '../../src/ostree/diff.ts';
import { attributesOf, describeChange, differingXattrs } from '../../src/ostree/diff-attributes.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { writeDiffCommits } from '../support/diff-commits.ts';

test('a change says what differs: content, mode, owner, xattrs, or the type alone', async (t) => {
  const { repo, from, to } = await writeDiffCommits(await tempDir(t));
  const diff = await diffCommits(repo, from, to);
  const aspects: Record<string, readonly string[]> = {};
  for (const pair of [...diff.changedFiles, ...diff.changedDirs]) {
    aspects[pair.path] = (await describeChange(repo.objects, pair)).aspects;
  }
  assert.deepEqual(aspects, {
    '/': ['mode'],
    '/attributes/both': ['content', 'mode'],
    '/attributes/mode': ['mode'],
    '/attributes/owner': ['owner'],
    '/attributes/xattrs': ['xattrs'],
    '/dir-mode': ['mode'],
    '/dir-to-file': ['type'],
    '/file-to-dir': ['type'],
    '/file-to-link': ['type'],
    '/link': ['content'],
    '/not-text': ['content'],
    '/text': ['content'],
    '/without end': ['content'],
  });
});

test('both sides of a change have their attributes', async (t) => {
  const { repo, from, to } = await writeDiffCommits(await tempDir(t));
  const { changedFiles, addedDirs } = await diffCommits(repo, from, to);
  const change = async (path: string) => {
    const pair = changedFiles.find((candidate) => candidate.path === path);
    assert.ok(pair);
    return describeChange(repo.objects, pair);
  };
  const owner = await change('/attributes/owner');
  assert.deepEqual([owner.from.uid, owner.from.gid, owner.to.uid, owner.to.gid], [0, 0, 7, 8]);
  const both = await change('/attributes/both');
  assert.deepEqual([both.from.mode, both.to.mode, both.from.size], [0o644, 0o600, 17]);
  const link = await change('/link');
  assert.deepEqual([link.from.target, link.to.target, link.to.size], ['old-target', 'new-target', 0]);
  const xattrs = await change('/attributes/xattrs');
  assert.deepEqual(differingXattrs(xattrs.from, xattrs.to), ['user.gone', 'user.new']);
  const [added] = addedDirs;
  assert.ok(added);
  assert.deepEqual(await attributesOf(repo.objects, added), {
    type: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    xattrs: [],
    size: 0,
    target: '',
  });
});
