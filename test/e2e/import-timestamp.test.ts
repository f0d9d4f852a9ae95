/** Imports keep a ref from going back in time if they are asked to, and say so if they are not. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { newRepo, visibleFolders } from './support/import-repo.ts';
import { unlessOsRepo } from './support/os-repo.ts';
import { checkRefused } from './support/refusal.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo();
const timeout = 120_000;

/**
 * Two versions of an OS, an old one as a tar file and as an image, and a repository whose ref `os` names the
 * new one.
 */
async function oldVersion(t: TestContext) {
  const folder = await tempDir(t);
  const [from, repo] = [await newRepo(join(folder, 'from')), await newRepo(join(folder, 'repo'))];
  const commit = async (date: string) => {
    const tree = join(folder, date);
    await must(['mkdir', '-p', join(tree, 'usr')]);
    writeFileSync(join(tree, 'usr/version'), date);
    const words = ['commit', '--branch=os', `--tree=dir=${tree}`, `--timestamp=${date} 00:00:00 +0000`];
    return must(['ostree', `--repo=${from}`, ...words]);
  };
  const older = await commit('2026-01-01');
  const newer = await commit('2026-02-01');
  const [tar, image] = [join(folder, 'os.tar'), `oci:${join(folder, 'image')}`];
  await mustTreeport(['tar', 'export', '--repo', from, older, '-o', tar]);
  await mustTreeport(['container', 'encapsulate', '--quiet', '--repo', from, older, image]);
  await must(['ostree', `--repo=${repo}`, 'pull-local', from, 'os']);
  const target = ['--repo', repo, '--write-ref', 'os'];
  return {
    repo,
    older,
    newer,
    verbs: {
      'tar import': ['tar', 'import', ...target, tar],
      'container unencapsulate': [
        'container',
        'unencapsulate',
        ...target,
        `ostree-unverified-image:${image}`,
      ],
    },
  };
}

for (const verb of ['tar import', 'container unencapsulate'] as const) {
  test(`${verb} --timestamp-check refuses a commit older than its ref`, { skip, timeout }, async (t) => {
    const { repo, older, newer, verbs } = await oldVersion(t);
    await checkRefused([...verbs[verb], '--timestamp-check'], {
      code: 'ERR_COMMIT_OLDER',
      naming: [older, 'ref os', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'],
      untouched: visibleFolders(repo),
    });
    assert.equal(await must(['ostree', `--repo=${repo}`, 'rev-parse', 'os']), newer);

    const { status, stderr } = await treeport(verbs[verb]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^treeport: warning: commit [0-9a-f]{64} .*older.*--timestamp-check/m);
    assert.equal(await must(['ostree', `--repo=${repo}`, 'rev-parse', 'os']), older);

    await must(['ostree', `--repo=${repo}`, 'reset', 'os', newer]);
    await checkRefused([...verbs[verb], '--timestamp-check'], {
      code: 'ERR_COMMIT_OLDER',
      naming: ['ref os'],
      untouched: visibleFolders(repo),
    });
  });
}

test('--timestamp-check needs a ref to compare with', async () => {
  for (const words of [
    ['tar', 'import', '--repo', '/nonexistent', '/nonexistent'],
    ['container', 'unencapsulate', '--repo', '/nonexistent', 'ostree-unverified-image:oci:/nonexistent'],
  ]) {
    const { status, stderr } = await treeport([...words, '--timestamp-check']);
    assert.equal(status, 2);
    assert.match(stderr, /^treeport: ERR_USAGE: --timestamp-check .*--write-ref\n$/);
  }
});
