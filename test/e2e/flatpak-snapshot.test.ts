/** flatpak's clients of snapshot images: a whole repository, its increment, and a part of it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { flatpakOf, revision } from './support/flatpak.ts';
import { flatpakShop } from './support/flatpak-shop.ts';
import { makeGpgKey } from './support/gpg.ts';
import { ostreeFsck } from './support/import-repo.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessInstalled('flatpak', 'ostree', 'gpg', ...PODMAN_PROGRAMS);
const INSTALL = ['--assumeyes', '--noninteractive'];

test('remote-add, install and update from a snapshot, its increment, and a snapshot of one app', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const folder = await tempDir(t);
  const key = await makeGpgKey(folder);
  const { path, apps, runtime, locale, arch, release, updateRepo } = await flatpakShop(folder, { key });
  const images = join(folder, 'images');
  const podman = await Podman.create(t, folder);
  const start = async (tag: string, ...words: readonly string[]) => {
    const image = `oci:${images}:${tag}`;
    await mustTreeport(['snapshot', 'create', '--quiet', '--repo', path, ...words, image]);
    const name = `localhost/treeport-e2e-flatpak-snapshot-${tag}`;
    await podman.load(image, name);
    const { origin } = await podman.startMirror(name, '--user=54321:0', ...CONFINED);
    return startRecordingProxy(t, origin);
  };

  const first = await start('first');
  const flatpak = await flatpakOf(join(folder, 'user'));
  await flatpak('remote-add', `--gpg-import=${key.publicKey}`, 'mirror', `${first.origin}/repo`);
  assert.match(await flatpak('remotes', '--columns=title'), /The Example Shop/);
  assert.match(await flatpak('remote-ls', 'mirror', '--columns=application'), /org\.example\.Other/);
  await flatpak('install', ...INSTALL, 'mirror', 'org.example.Free');
  const active = () => flatpak('list', '--columns=active');
  assert.match(await active(), new RegExp(await revision(path, apps.free)));
  await flatpak('update', '--appstream', 'mirror');
  const appstream = join(folder, 'user/flatpak/appstream/mirror', arch, 'active/appstream.xml');
  assert.match(await readFile(appstream, 'utf8'), /org\.example\.Other/);

  await release('again');
  await updateRepo('--generate-static-deltas');
  const next = await start('next', '--previous', `oci:${images}:first`);
  await flatpak('remote-modify', `--url=${next.origin}/repo`, 'mirror');
  await flatpak('update', ...INSTALL, 'org.example.Free');
  assert.match(await active(), new RegExp(await revision(path, apps.free)));
  const asked = next.paths.join('\n');
  assert.match(asked, /summaries\/[0-9a-f]{64}-[0-9a-f]{64}\.delta/, 'the index goes on from the former one');
  assert.match(asked, /\/deltas\/..\/.*-.*\/superblock/);

  // The refs of one app: an index of their own, which the mirror signs.
  const sign = `gpg=command:gpg --homedir ${key.home} --batch --local-user ${key.id} --detach-sign`;
  const part = await start('part', '--sign-summary', sign, apps.other, runtime, locale);
  await flatpak('remote-modify', `--url=${part.origin}/repo`, 'mirror');
  const listed = await flatpak('remote-ls', '--all', 'mirror', '--columns=application');
  assert.deepEqual(
    listed
      .split('\n')
      .map((line) => line.trim())
      .toSorted(),
    ['org.example.Other', 'org.example.Platform', 'org.example.Platform.Locale'],
  );
  await flatpak('install', ...INSTALL, 'mirror', 'org.example.Other');
  assert.match(await active(), new RegExp(await revision(path, apps.other)));
  await ostreeFsck(join(folder, 'user/flatpak/repo'));
});
