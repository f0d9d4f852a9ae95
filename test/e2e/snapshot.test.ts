/**
 * Snapshots with stock clients: started as they are, they serve every ref with its history and signatures,
 * also after increments, to ostree of this machine and of Debian 13; extracted and exported they are
 * repositories that `ostree fsck` finds nothing in.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { generations } from './support/delta-pairs.ts';
import { makeGpgKey, stopAgent } from './support/gpg.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessInstalled('ostree', 'gpg', ...PODMAN_PROGRAMS);
const NAME = 'localhost/treeport-e2e-snapshot';
const OS = 'os/stable';

test('a snapshot that is started serves refs, history and signatures', {
  skip,
  timeout: 600_000,
}, async (t) => {
  const folder = await tempDir(t);
  const gpg = await makeGpgKey(folder);
  const repo = await newRepo(join(folder, 'repo'));
  const ostree = (...words: readonly string[]) => must(['ostree', `--repo=${repo}`, ...words]);
  const tree = join(folder, 'tree');
  await mkdir(tree);
  const commit = async (ref: string, version: string) => {
    await writeFile(join(tree, 'version'), `${ref} ${version}\n`);
    await writeFile(join(tree, 'large'), `${ref} ${version}\n`.repeat(200_000));
    await writeFile(join(tree, 'secret'), version, { mode: 0o600 });
    const signing = [`--gpg-homedir=${gpg.home}`, `--gpg-sign=${gpg.id}`];
    return ostree('commit', `--branch=${ref}`, `--tree=dir=${tree}`, ...signing);
  };
  const lost = await commit(OS, '1');
  const [second, third] = [await commit(OS, '2'), await commit(OS, '3')];
  const [app, doomed] = [await commit('app/one', '1'), await commit('app/two', '1')];
  await stopAgent(gpg.home);
  await ostree('prune', `--delete-commit=${lost}`);

  const runtime = `oci:${join(folder, 'runtime')}`;
  await mustTreeport(['mirror', 'runtime', '--quiet', runtime]);
  const create = (to: string, ...words: readonly string[]) =>
    mustTreeport(['snapshot', 'create', '--quiet', '--repo', repo, '--runtime', runtime, ...words, to]);
  const images = join(folder, 'images');
  await create(`oci:${images}:first`, '--depth=all', `--main-ref=${OS}`);
  await ostree('refs', '--delete', 'app/two');
  await ostree('prune', '--refs-only', '--depth=-1');
  await create(`oci:${images}:os`, '--depth=all', `--main-ref=${OS}`, '--previous', `oci:${images}:first`);
  await create(`oci:${images}:plain`, '--depth=all', '--previous', `oci:${images}:os`);

  const podman = await Podman.create(t, folder);
  const others = [...(await generations(t, folder))].filter(([name]) => name !== 'here');
  for (const kind of ['os', 'plain']) {
    await podman.load(`oci:${images}:${kind}`, `${NAME}-${kind}`);
    const mirror = await podman.startMirror(`${NAME}-${kind}`, '--user=123456:0', ...CONFINED);
    const client = await newRepo(join(folder, `client-${kind}`), 'bare-user');
    const own = (...words: readonly string[]) => must(['ostree', `--repo=${client}`, ...words]);
    await own('remote', 'add', `--gpg-import=${gpg.publicKey}`, 'mirror', mirror.repo);
    assert.deepEqual((await own('remote', 'refs', 'mirror')).split('\n').toSorted(), [
      'mirror:app/one',
      `mirror:${OS}`,
    ]);
    await own('pull', '--depth=-1', 'mirror', 'app/one', OS);
    await ostreeFsck(client);
    const commits = async (ref: string) =>
      (await own('log', ref)).split('\n').flatMap((line) => /^commit (\w+)$/.exec(line)?.[1] ?? []);
    assert.deepEqual(await commits(OS), [third, second]);
    assert.deepEqual(await commits('app/one'), [app]);
    for (const [generation, run] of others) {
      const client = await newRepo(join(folder, `client-${kind}-${generation}`), 'bare-user');
      await run([`--repo=${client}`, 'remote', 'add', '--no-gpg-verify', 'mirror', mirror.repo]);
      await run([`--repo=${client}`, 'pull', '--depth=-1', 'mirror', 'app/one', OS]);
      assert.equal((await run([`--repo=${client}`, 'rev-parse', `mirror:${OS}`])).trim(), third);
      assert.match(
        await run([`--repo=${client}`, 'log', `mirror:${OS}`]),
        new RegExp(`^commit ${second}$`, 'm'),
      );
      await run([`--repo=${client}`, 'fsck', '--quiet']);
    }
    const answer = await fetch(`${mirror.repo}/objects/${doomed.slice(0, 2)}/${doomed.slice(2)}.commit`);
    assert.equal(answer.status, 404);

    const image = `oci:${images}:${kind}`;
    await mustTreeport([
      'snapshot',
      'verify',
      '--quiet',
      '--sign-type=gpg',
      '--keys-file',
      gpg.publicKey,
      image,
    ]);
    const copy = await newRepo(join(folder, `copy-${kind}`), 'bare');
    await must([
      'ostree',
      `--repo=${copy}`,
      'remote',
      'add',
      `--gpg-import=${gpg.publicKey}`,
      'publisher',
      'file:///',
    ]);
    await mustTreeport([
      'snapshot',
      'extract',
      '--quiet',
      '--repo',
      copy,
      `ostree-remote-image:publisher:${image}`,
    ]);
    await ostreeFsck(copy);
    assert.equal(await must(['ostree', `--repo=${copy}`, 'rev-parse', OS]), third);
    const exported = join(folder, `exported-${kind}`);
    await mustTreeport(['snapshot', 'export', '--quiet', image, exported]);
    await ostreeFsck(exported);
    const local = await newRepo(join(folder, `local-${kind}`), 'archive');
    await must(['ostree', `--repo=${local}`, 'pull-local', '--depth=-1', exported, OS, 'app/one']);
    await ostreeFsck(local);
  }

  const unsigned = await newRepo(join(folder, 'unsigned'));
  await must(['ostree', `--repo=${unsigned}`, 'commit', '--branch=x', `--tree=dir=${tree}`]);
  const wrong = await treeport([
    'snapshot',
    'create',
    '--repo',
    unsigned,
    '--previous',
    `oci:${images}:os`,
    `oci:${images}:no`,
  ]);
  assert.match(wrong.stderr, /^treeport: ERR_SNAPSHOT_LINEAGE: /m);
  await mustTreeport([
    'snapshot',
    'create',
    '--quiet',
    '--repo',
    unsigned,
    '--runtime',
    runtime,
    `oci:${images}:unsigned`,
  ]);
  const verified = await treeport([
    ...['snapshot', 'verify', '--sign-type=gpg', '--keys-file', gpg.publicKey, `oci:${images}:unsigned`],
  ]);
  assert.match(verified.stderr, /^treeport: ERR_SIGNATURE_MISSING: /m);
});
