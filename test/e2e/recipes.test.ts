/** The recipes of docs/publishing.md and docs/air-gap.md, run as they stand there. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { unlessLibostree } from '../support/libostree.ts';
import { unlessInstalled } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';
import { recipesBelow, runRecipe } from '../support/recipe.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { eventually, start } from './support/processes.ts';
import { must, mustTreeport, run } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const S3RVER = join(ROOT, 'test/s3rver/node_modules/s3rver/lib/s3rver.js');
const REF = 'os/x86_64/stable';
const skip = unlessLibostree() || unlessInstalled('ostree');

/** A repository with one ref of two commits, and a way to add one. */
async function makeRepo(folder: string) {
  const [repo, tree] = [join(folder, 'repo'), join(folder, 'tree')];
  await mkdir(tree);
  await newRepo(repo);
  const commit = async (text: string) => {
    await writeFile(join(tree, 'file'), text);
    return must(['ostree', `--repo=${repo}`, 'commit', '-b', REF, `--bind-ref=${REF}`, tree]);
  };
  await commit('first');
  return { repo, commit, second: await commit('second') };
}

/** An S3-compatible server with the bucket of the recipe; returns its address. */
async function startS3(t: TestContext, folder: string): Promise<string> {
  const port = await freePort();
  const options = {
    address: '127.0.0.1',
    port,
    silent: true,
    directory: join(folder, 's3'),
    configureBuckets: [{ name: 'bucket' }],
  };
  const code = `const S3rver = require(${JSON.stringify(S3RVER)}); new S3rver(${JSON.stringify(options)}).run();`;
  start(t, [process.execPath, '-e', code]);
  const origin = `http://127.0.0.1:${port}`;
  await eventually('the S3 server answers', async () => {
    const { status } = await run(['curl', '--silent', '--output', '/dev/null', `${origin}/bucket`]);
    return status === 0 || undefined;
  });
  return origin;
}

test('an export is uploaded into a bucket by rclone in two passes, and pulled from there', {
  skip:
    skip || unlessInstalled('rclone', 'curl') || (existsSync(S3RVER) ? false : 'npm test installs s3rver'),
  timeout: 180_000,
}, async (t) => {
  const folder = await tempDir(t);
  const { repo, commit } = await makeRepo(folder);
  const s3 = await startS3(t, folder);
  const env = {
    RCLONE_CONFIG_REMOTE_TYPE: 's3',
    RCLONE_CONFIG_REMOTE_PROVIDER: 'Other',
    RCLONE_CONFIG_REMOTE_ACCESS_KEY_ID: 'S3RVER',
    RCLONE_CONFIG_REMOTE_SECRET_ACCESS_KEY: 'S3RVER',
    RCLONE_CONFIG_REMOTE_ENDPOINT: s3,
    RCLONE_CONFIG: join(folder, 'rclone.conf'),
    // rclone 1.60 cannot take authorities from here.
    AWS_CA_BUNDLE: '',
  };
  await writeFile(env.RCLONE_CONFIG, '');
  const folders = { '/srv/repo': repo, '/srv/www': join(folder, 'www') };
  const [recipe, ...others] = recipesBelow('docs/publishing.md', 'Upload to a bucket');
  assert.ok(recipe !== undefined && others.length === 0);
  const client = await newRepo(join(folder, 'client'));
  await must([
    'ostree',
    `--repo=${client}`,
    'remote',
    'add',
    '--no-gpg-verify',
    'bucket',
    `${s3}/bucket/repo`,
  ]);
  for (const text of ['third', 'fourth']) {
    const made = await commit(text);
    await runRecipe(folder, recipe, folders, { env });
    await must(['ostree', `--repo=${client}`, 'pull', 'bucket', REF]);
    assert.equal(await must(['ostree', `--repo=${client}`, 'rev-parse', REF]), made);
    await ostreeFsck(client);
  }
});

test('a repository crosses an air gap', { skip, timeout: 240_000 }, async (t) => {
  const folder = await tempDir(t);
  const { repo, commit, second } = await makeRepo(folder);
  const at = (name: string) => join(folder, name);
  const folders = {
    '/srv/repo': repo,
    '/srv/keys': at('keys'),
    '/srv/inside': at('inside'),
    '/srv/machine': at('machine'),
    '/media/stick': at('stick'),
  };
  for (const name of ['keys', 'stick']) await mkdir(at(name));
  const follow = async (heading: string, index = 0) => {
    const code = recipesBelow('docs/air-gap.md', heading)[index];
    assert.ok(code !== undefined, heading);
    return runRecipe(folder, code, folders);
  };
  await follow('Once: a key');
  await follow('On the connected side: create and verify');
  await follow('Inside: verify, extract, serve');
  const [, serving] = recipesBelow('docs/air-gap.md', 'Inside: verify, extract, serve');
  assert.match(String(serving), /^treeport serve --repo \/srv\/inside --listen \S+\n$/);
  const { repo: url } = await serve(t, at('inside'));
  const client = await newRepo(at('client'));
  await must(['ostree', `--repo=${client}`, 'remote', 'add', '--no-gpg-verify', 'inside', url]);
  await must(['ostree', `--repo=${client}`, 'pull', 'inside', REF]);
  assert.equal(await must(['ostree', `--repo=${client}`, 'rev-parse', REF]), second);
  await ostreeFsck(client);

  const third = await commit('third');
  await mustTreeport([
    'snapshot',
    'create',
    '--quiet',
    '--repo',
    repo,
    `oci-archive:${at('stick/next.tar')}`,
  ]);
  const differences = await runRecipe(
    folder,
    String(recipesBelow('docs/air-gap.md', 'The next time')[0]).replace('repo.tar', 'next.tar'),
    folders,
  );
  assert.match(differences, new RegExp(REF));

  await follow('Machines without any network');
  await follow('Machines without any network', 1);
  assert.equal(await must(['ostree', `--repo=${at('machine')}`, 'rev-parse', REF]), third);
});
