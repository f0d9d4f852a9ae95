/** `serve --delta-policy`: deltas follow the refs of a served repository, and clients pull by them. */
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { CATALOGUE_FILE } from '../../src/mirror/layout.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { projectText } from '../support/project.ts';
import { ostreeFsck } from './support/import-repo.ts';
import { eventually } from './support/processes.ts';
import { must, run, TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessInstalled('ostree');
const timeout = 120_000;
const POLICY = '[deltas]\nminimum-saving=0\n[refs "**"]\nscratch=true\nfrom-last=1\n';

/** Alike, so that deltas of them save bytes. */
async function writeFiles(tree: string, about: string): Promise<void> {
  for (let file = 0; file < 20; file += 1)
    await writeFile(
      join(tree, `file-${file}`),
      `${file} of ${about}\n${projectText('README.md').slice(0, 1000)}`,
    );
}

/** Pulls of the ref by a new repository, by deltas or not at all. */
async function pullByDelta(folder: string, url: string, commit: string): Promise<void> {
  const client = await initRepo(join(folder, 'client'), 'bare-user');
  await must(['ostree', `--repo=${client}`, 'remote', 'add', '--no-gpg-verify', 'os', url]);
  await must(['ostree', `--repo=${client}`, 'pull', '--require-static-deltas', 'os', REF]);
  assert.equal(await must(['ostree', `--repo=${client}`, 'rev-parse', `os:${REF}`]), commit);
  await ostreeFsck(client);
}

for (const workers of [1, 2]) {
  test(`deltas follow the refs, with ${workers} processes that serve`, { skip, timeout }, async (t) => {
    const folder = await tempDir(t);
    const policy = join(folder, 'policy.conf');
    await writeFile(policy, POLICY);
    const repo = await initRepo(join(folder, 'repo'), 'archive');
    const tree = join(folder, 'tree');
    await mkdir(tree);
    await writeFiles(tree, 'one');
    const first = await commitDirectory(repo, tree);
    const words = ['--delta-policy', policy, '--workers', String(workers)];
    const serving = await serve(t, repo, { words });
    const listed = (delta: string) =>
      eventually(
        `the delta ${delta}`,
        () => serving.output().includes(`"msg":"deltas: make ${delta}: `) || undefined,
      );
    await listed(first);
    await pullByDelta(folder, serving.repo, first);

    await writeFiles(tree, 'two');
    const second = await commitDirectory(repo, tree);
    await listed(`${first}-${second}`);
    await listed(second);
    const client = join(folder, 'client');
    await must(['ostree', `--repo=${client}`, 'pull', '--require-static-deltas', 'os', REF]);
    await ostreeFsck(client);
    serving.signal('SIGTERM');
    assert.equal(await serving.ended(), 0);
  });
}

test('a repository that goes away while its deltas are maintained: the log has the code', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const policy = join(folder, 'policy.conf');
  await writeFile(policy, POLICY);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  await mkdir(join(folder, 'tree'));
  await writeFiles(join(folder, 'tree'), 'one');
  await commitDirectory(repo, join(folder, 'tree'));
  const serving = await serve(t, repo, { words: ['--delta-policy', policy] });
  await eventually('the first run', () => serving.output().includes('deltas: make ') || undefined);
  await rm(join(repo, 'objects'), { recursive: true });
  await rm(join(repo, 'refs/heads'), { recursive: true });
  await eventually(
    'the error',
    () =>
      serving.output().includes('the deltas are not as the policy lists them: ERR_REPO_MISSING: ') ||
      undefined,
  );
});

test('a policy that is wrong, and a repository that is not the server’s to change', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const policy = join(folder, 'policy.conf');
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  const words = ['serve', '--repo', repo, '--listen', '127.0.0.1:0', '--delta-policy', policy];
  const refused = async (code: string, status: number) => {
    const outcome = await run([...TREEPORT, ...words]);
    assert.match(outcome.stderr, new RegExp(`^treeport: ${code}: [^\\n]+\\n$`));
    assert.deepEqual([outcome.status, outcome.stdout], [status, '']);
  };
  await refused('ERR_DELTA_POLICY', 1);
  await writeFile(policy, '[refs "**"]\nscratch=perhaps\n');
  await refused('ERR_DELTA_POLICY', 1);
  await writeFile(policy, POLICY);
  await writeFile(join(repo, CATALOGUE_FILE), '');
  await refused('ERR_USAGE', 2);
});
