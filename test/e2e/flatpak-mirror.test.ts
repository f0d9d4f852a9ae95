/** flatpak's clients with a whole repository that changes while it is served, and with mirrors of a part. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { flatpakOf, revision, withKind } from './support/flatpak.ts';
import { flatpakShop } from './support/flatpak-shop.ts';
import { makeGpgKey } from './support/gpg.ts';
import { ostreeFsck } from './support/import-repo.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { servedShop } from './support/served-shop.ts';

const skip = unlessRoot() || unlessInstalled('flatpak', 'ostree', 'gpg');
const INSTALL = ['--assumeyes', '--noninteractive'];

test('build-update-repo under a running server: install, appstream, update by delta and summary delta', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const { folder, path, apps, arch, release, updateRepo, flatpak, paths } = await servedShop(t);
  await flatpak('install', ...INSTALL, 'mirror', 'org.example.Free');
  assert.match(await flatpak('list', '--all', '--columns=application'), /org\.example\.Platform\.Locale/);
  await flatpak('update', '--appstream', 'mirror');
  const appstream = join(folder, 'user/flatpak/appstream/mirror', arch, 'active');
  assert.match(await readFile(join(appstream, 'appstream.xml'), 'utf8'), /org\.example\.Other/);
  assert.match(await flatpak('search', 'Other'), /org\.example\.Other/);

  await release('again');
  await updateRepo('--generate-static-deltas');
  paths.length = 0;
  await flatpak('update', ...INSTALL, 'org.example.Free');
  assert.match(await flatpak('list', '--columns=active'), new RegExp(await revision(path, apps.free)));
  assert.ok(
    paths.some((line) => /summaries\/[0-9a-f]{64}-[0-9a-f]{64}\.delta/.test(line)),
    paths.join('\n'),
  );
  assert.ok(
    paths.some((line) => /\/deltas\/..\/.*-.*\/superblock/.test(line)),
    paths.join('\n'),
  );
  assert.deepEqual(
    paths.filter((line) => line.endsWith('.filez')),
    [],
  );
  await ostreeFsck(join(folder, 'user/flatpak/repo'));
});

test('an image of one app, with what it needs, signed by a key of the mirror', {
  skip: skip || unlessInstalled(...PODMAN_PROGRAMS),
  timeout: 240_000,
}, async (t) => {
  const folder = await tempDir(t);
  const key = await makeGpgKey(folder);
  const own = join(folder, 'mirror');
  await mkdir(own);
  const mirrorKey = await makeGpgKey(own);
  const { path, apps, runtime, locale, arch } = await flatpakShop(folder, { key });
  const image = join(folder, 'image');
  const sign = `gpg=command:gpg --homedir ${mirrorKey.home} --batch --local-user ${mirrorKey.id} --detach-sign`;
  const { status, stderr } = await treeport([
    ...['mirror', 'build', '--repo', path, '--flatpak', '--sign-summary', sign],
    ...['org.example.Free', `oci:${image}`],
  ]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /6 of 7 refs are published/);
  assert.match(stderr, /summary\.idx of .* is not carried over/);
  const podman = await Podman.create(t, folder);
  await podman.load(`oci:${image}`, 'localhost/treeport-e2e-flatpak-one');
  const mirror = await podman.startMirror(
    'localhost/treeport-e2e-flatpak-one',
    '--user=54321:0',
    ...CONFINED,
  );

  const flatpak = await flatpakOf(join(folder, 'user'));
  const keys = [key, mirrorKey].map(({ publicKey }) => `--gpg-import=${publicKey}`);
  await flatpak('remote-add', ...keys, '--subset=free', 'mirror', mirror.repo);
  const wanted = [apps.free, locale, runtime].toSorted();
  const listed = (await flatpak('remote-ls', '--all', 'mirror', '--columns=ref')).split('\n');
  assert.deepEqual(listed.map(kindOf).toSorted(), wanted);
  assert.match(await flatpak('remotes', '--columns=title'), /The Example Shop/);
  await flatpak('install', ...INSTALL, 'mirror', 'org.example.Free');
  assert.match(await flatpak('list', '--columns=active'), new RegExp(await revision(path, apps.free)));
  await flatpak('update', '--appstream', 'mirror');
  assert.ok(
    readdirSync(join(folder, 'user/flatpak/appstream/mirror', arch, 'active')).includes('appstream.xml'),
  );
  await ostreeFsck(join(folder, 'user/flatpak/repo'));

  const page = await (await fetch(mirror.origin)).text();
  assert.match(page, /The Example Shop/);
  assert.match(page, /<img src="data:image\/png/);
  assert.match(page, new RegExp(`flatpak install mirror org\\.example\\.Free/${arch}/stable`));
});

function kindOf(line: string): string {
  return line.startsWith('org.example.Free') ? `app/${line.trim()}` : withKind(line);
}
