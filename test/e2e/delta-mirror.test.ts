/**
 * A mirror image serves the delta from the parent that it was built with, to clients of both generations that
 * trust signed summaries only, and carries the signed summary unchanged.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { generations } from './support/delta-pairs.ts';
import { makeGpgKey, stopAgent } from './support/gpg.ts';
import { newRepo, ostreeFsck, treeListing } from './support/import-repo.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { must, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessInstalled('ostree', 'gpg', ...PODMAN_PROGRAMS);
const NAME = 'localhost/treeport-e2e-deltas';
const REF = 'exampleos/stable';

test('a mirror image with a delta from the parent', { skip, timeout: 300_000 }, async (t) => {
  const folder = await tempDir(t);
  const gpg = await makeGpgKey(folder);
  const signing = [`--gpg-homedir=${gpg.home}`, `--gpg-sign=${gpg.id}`];
  const repo = await newRepo(join(folder, 'repo'));
  const ostree = (...words: readonly string[]) => must(['ostree', `--repo=${repo}`, ...words]);
  const tree = join(folder, 'tree');
  await mkdir(tree);
  const commits: string[] = [];
  for (const version of ['1', '2']) {
    const lines = Array.from({ length: 20_000 }, (_, line) => `${line * line} of release\n`);
    await writeFile(join(tree, 'file'), `${lines.join('')}${version}\n`);
    await writeFile(join(tree, version), version);
    commits.push(await ostree('commit', `--branch=${REF}`, `--tree=dir=${tree}`, ...signing));
  }
  await ostree('summary', '--update', ...signing);
  await stopAgent(gpg.home);
  const [from = '', to = ''] = commits;

  const image = join(folder, 'image');
  const built = await treeport(['mirror', 'build', '--repo', repo, REF, `oci:${image}`]);
  assert.equal(built.status, 0, built.stderr);
  assert.match(built.stderr, new RegExp(`delta from ${from} to ${to}: .* % less; \\d+ requests instead of`));
  assert.match(built.stderr, /the summary is signed, so it does not list the deltas/);
  const podman = await Podman.create(t, folder);
  await podman.load(`oci:${image}`, NAME);
  const mirror = await podman.startMirror(NAME, '--user=123456:0', ...CONFINED);
  const { origin, paths } = await startRecordingProxy(t, mirror.origin);

  for (const [generation, run] of await generations(t, folder)) {
    const client = await newRepo(join(folder, `client-${generation}`), 'bare-user');
    const own = (...words: readonly string[]) => run([`--repo=${client}`, ...words]);
    const verification = ['--set=gpg-verify=true', '--set=gpg-verify-summary=true'];
    await own('remote', 'add', ...verification, `--gpg-import=${gpg.publicKey}`, 'mirror', `${origin}/repo`);
    await own('pull-local', '--remote=mirror', repo, from);
    await own('refs', `--create=mirror:${REF}`, from);
    paths.length = 0;
    await own('pull', 'mirror', REF);
    await ostreeFsck(client);
    assert.equal(await own('rev-parse', `mirror:${REF}`), to);
    assert.equal(await treeListing(client, to), await treeListing(repo, to));
    const used = paths.filter((path) => path.includes('/deltas/'));
    t.diagnostic(`${generation}: ${paths.map((path) => path.slice(-30)).join(' ')}`);
    assert.equal(used.length, 2, `${generation}: ${paths.join(' ')}`);
  }
});
