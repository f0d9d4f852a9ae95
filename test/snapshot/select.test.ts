import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { selectSnapshot } from '../../src/snapshot/select.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { boundToCollection, MIRROR_REF, mirrorTree, writeMirrorSource } from '../support/mirror-repos.ts';

const QUIET = { globs: [], depth: 0, warn: () => {} };

test('a single named ref is the main one, a glob is not', async (t) => {
  const { repo, commit } = await writeMirrorSource(await tempDir(t));
  const named = await selectSnapshot(repo, { ...QUIET, globs: [MIRROR_REF] });
  assert.deepEqual([named.commits, named.isWithoutOs], [[commit], undefined]);
  for (const globs of [[], ['*/stable'], ['**']])
    assert.equal((await selectSnapshot(repo, { ...QUIET, globs })).isWithoutOs, true);
});

test('depth and date bound the history', async (t) => {
  const { repo, first, commit } = await writeMirrorSource(await tempDir(t));
  const commitsOf = async (options: object) => (await selectSnapshot(repo, { ...QUIET, ...options })).commits;
  assert.deepEqual(await commitsOf({ depth: 0 }), [commit]);
  assert.deepEqual(await commitsOf({ depth: 7 }), [commit, first]);
  assert.deepEqual(await commitsOf({ depth: 7, since: 1_700_000_001 }), [commit]);
});

test('history ends before a partial commit; a ref of one is left out', async (t) => {
  const path = await tempDir(t);
  const { repo, first, commit } = await writeMirrorSource(path);
  await writeFileAtomic(join(path, `state/${first}.commitpartial`), Buffer.alloc(0));
  assert.deepEqual((await selectSnapshot(repo, { ...QUIET, depth: 3 })).commits, [commit]);
  await writeFileAtomic(join(path, `state/${commit}.commitpartial`), Buffer.alloc(0));
  const warnings: string[] = [];
  await assert.rejects(selectSnapshot(repo, { ...QUIET, warn: (text) => warnings.push(text) }), {
    code: 'ERR_REF_MISSING',
  });
  assert.match(warnings.join(), /exampleos\/stable is left out: its commit \w+ is partial/);
});

test('history ends before a deleted commit, whose tombstone is named', async (t) => {
  const path = await tempDir(t);
  const { repo, first, commit } = await writeMirrorSource(path);
  const select = async () => {
    const warnings: string[] = [];
    const { commits } = await selectSnapshot(repo, {
      ...QUIET,
      depth: 3,
      warn: (text) => warnings.push(text),
    });
    return { commits, warnings };
  };
  await rm(join(path, loosePath(first, 'commit')));
  assert.deepEqual(await select(), { commits: [commit], warnings: [] });
  await writeFileAtomic(join(path, loosePath(first, 'tombstone-commit')), Buffer.alloc(0));
  const warnings = [`history before the deleted commit ${first} is left out, and so is its tombstone`];
  assert.deepEqual(await select(), { commits: [commit], warnings });
});

test('a glob that matches nothing is named, with the refs there are', async (t) => {
  const { repo } = await writeMirrorSource(await tempDir(t));
  await assert.rejects(selectSnapshot(repo, { ...QUIET, globs: [MIRROR_REF, 'app/**'] }), {
    code: 'ERR_REF_MISSING',
    message: /"app\/\*\*" matches no usable ref .* it has exampleos\/stable$/,
  });
});

test('a ref that is misspelt is answered with the one that was meant', async (t) => {
  const { repo } = await writeMirrorSource(await tempDir(t));
  await assert.rejects(selectSnapshot(repo, { ...QUIET, globs: ['exampleos/stabel'] }), {
    message: /; did you mean exampleos\/stable\?$/,
  });
});

test('a ref of two collections is refused', async (t) => {
  const path = await tempDir(t);
  const { repo, writer, first } = await writeMirrorSource(path);
  const commit = await commitTree(writer, mirrorTree('x'), {
    timestamp: 5,
    metadata: boundToCollection('org.example.A', 'app'),
  });
  await writer.ref('app', commit);
  await selectSnapshot(repo, QUIET);
  await writeFileAtomic(join(path, 'refs/mirrors/org.example.B/app'), Buffer.from(`${first}\n`));
  await assert.rejects(selectSnapshot(repo, QUIET), {
    code: 'ERR_COLLECTION_CONFLICT',
    message: /ref app is of org\.example\.A and of org\.example\.B/,
  });
});
