/** flatpak lists and installs from a server of ours. As root, because for others it asks a session bus. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { type FlatpakRepo, flatpakOf, flatpakRepo, revision, withKind } from './support/flatpak.ts';
import { makeGpgKey } from './support/gpg.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessRoot() || unlessInstalled('flatpak', 'ostree');
const timeout = 120_000;

test('an app and its runtime are installed from treeport serve', { skip, timeout }, async (t) => {
  const { folder, path, app, runtime } = await flatpakRepo(await tempDir(t));
  const { repo: url } = await serve(t, path);
  const flatpak = await flatpakOf(join(folder, 'user'));
  await flatpak('remote-add', '--no-gpg-verify', 'mirror', url);
  const commits = [
    `app/${app}\t${await revision(path, `app/${app}`)}`,
    `runtime/${runtime}\t${await revision(path, `runtime/${runtime}`)}`,
  ];
  const listed = await flatpak('remote-ls', 'mirror', '--columns=ref,commit');
  assert.deepEqual(listed.split('\n').map(withKind).toSorted(), commits);
  await flatpak('install', '--assumeyes', '--noninteractive', 'mirror', 'org.example.App');
  const installed = await flatpak('list', '--columns=ref,active');
  assert.deepEqual(installed.split('\n').map(withKind).toSorted(), commits);
});

for (const [how, mirrorOf] of Object.entries({
  live: async (t: TestContext, { path }: FlatpakRepo) => serve(t, path),
  image: async (t: TestContext, { path, folder }: FlatpakRepo) => {
    const image = join(folder, 'image');
    const refs = (await must(['ostree', `--repo=${path}`, 'refs'])).split('\n');
    await mustTreeport(['mirror', 'build', '--quiet', '--repo', path, ...refs, `oci:${image}`]);
    const podman = await Podman.create(t, folder);
    await podman.load(`oci:${image}`, 'localhost/treeport-e2e-flatpak-subset');
    return podman.startMirror('localhost/treeport-e2e-flatpak-subset', '--user=54321:0', ...CONFINED);
  },
})) {
  test(`a signed repository with a subset: ${how}`, {
    skip: skip || unlessInstalled('gpg', ...(how === 'image' ? PODMAN_PROGRAMS : [])),
    timeout,
  }, async (t) => {
    const folder = await tempDir(t);
    const key = await makeGpgKey(folder);
    const repo = await flatpakRepo(folder, { key, subset: 'free' });
    const keyText = (await readFile(key.publicKey)).toString('base64');
    const lines = [
      '[Flatpak Repo]',
      'Title=Example',
      'Url=http://registry.example.com/repo',
      `GPGKey=${keyText}`,
    ];
    await writeFile(join(repo.path, 'example.flatpakrepo'), `${lines.join('\n')}\n`);
    const mirror = await mirrorOf(t, repo);

    const flatpak = await flatpakOf(join(folder, 'user'));
    const file = await fetch(`${mirror.repo}/example.flatpakrepo`);
    assert.equal(file.headers.get('content-type'), 'application/vnd.flatpak.repo');
    await flatpak('remote-add', '--from', 'mirror', `${mirror.repo}/example.flatpakrepo`);
    await flatpak('remote-modify', `--url=${mirror.repo}`, '--subset=free', 'mirror');
    const listed = (await flatpak('remote-ls', 'mirror', '--columns=ref')).split('\n');
    assert.deepEqual(listed.map(withKind).toSorted(), [`app/${repo.app}`, `runtime/${repo.runtime}`]);
    await flatpak('install', '--assumeyes', '--noninteractive', 'mirror', 'org.example.App');
    const installed = (await flatpak('list', '--columns=ref')).split('\n');
    assert.deepEqual(installed.map(withKind).toSorted(), [`app/${repo.app}`, `runtime/${repo.runtime}`]);
    await flatpak('remote-modify', '--subset=', 'mirror');
    const all = (await flatpak('remote-ls', 'mirror', '--columns=ref')).split('\n');
    assert.ok(
      all.some((ref) => ref.includes('org.example.Other')),
      all.join(),
    );
  });
}

test("flatpak's index is signed by a key of the server", {
  skip: skip || unlessInstalled('gpg'),
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const key = await makeGpgKey(folder);
  const { path, app } = await flatpakRepo(folder, { key });
  for (const file of ['summary.sig', 'summary.idx.sig']) await rm(join(path, file), { force: true });
  for (const file of await readdir(join(path, 'summaries')))
    if (file.endsWith('.sig')) await rm(join(path, 'summaries', file));
  const flatpak = await flatpakOf(join(folder, 'user'));
  const add = (name: string, url: string) =>
    flatpak('remote-add', `--gpg-import=${key.publicKey}`, name, url);
  const unsigned = await serve(t, path);
  await assert.rejects(add('unsigned', unsigned.repo), /no summary signatures found/);

  const command = `gpg --homedir ${key.home} --batch --quiet --local-user ${key.id} --detach-sign`;
  const signing = await serve(t, path, { words: ['--sign-summary', `gpg=command:${command}`] });
  await add('mirror', signing.repo);
  await flatpak('install', '--assumeyes', '--noninteractive', 'mirror', 'org.example.App');
  assert.match(await flatpak('list', '--columns=active'), new RegExp(await revision(path, `app/${app}`)));
});

test('a runtime is installed from its mirror image', {
  skip: skip || unlessInstalled(...PODMAN_PROGRAMS),
  timeout,
}, async (t) => {
  const { folder, path, runtime } = await flatpakRepo(await tempDir(t));
  const ref = `runtime/${runtime}`;
  const image = join(folder, 'image');
  await mustTreeport(['mirror', 'build', '--quiet', '--repo', path, ref, `oci:${image}`]);
  const podman = await Podman.create(t, folder);
  await podman.load(`oci:${image}`, 'localhost/treeport-e2e-flatpak');
  const mirror = await podman.startMirror('localhost/treeport-e2e-flatpak', '--user=54321:0', ...CONFINED);
  const flatpak = await flatpakOf(join(folder, 'user'));
  await flatpak('remote-add', '--no-gpg-verify', 'mirror', mirror.repo);
  const listed = await flatpak('remote-ls', 'mirror', '--columns=ref,commit');
  assert.equal(withKind(listed), `${ref}\t${await revision(path, ref)}`);
  await flatpak('install', '--assumeyes', '--noninteractive', 'mirror', runtime);
  const installed = await flatpak('list', '--columns=ref,active');
  assert.equal(withKind(installed), `${ref}\t${await revision(path, ref)}`);
});
