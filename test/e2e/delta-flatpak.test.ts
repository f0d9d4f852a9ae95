/**
 * flatpak installs and updates by the deltas that treeport makes. Whether it fetches objects besides depends
 * on its libostree: those before 2023.7 look for missing objects while a part is still being applied.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { flatpakOf, flatpakRepo, revision } from './support/flatpak.ts';
import { ostreeFsck } from './support/import-repo.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessRoot() || unlessInstalled('flatpak', 'ostree');

test('flatpak installs an app from scratch and updates it from the commit before', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const { folder, path, app } = await flatpakRepo(await tempDir(t));
  const ref = `app/${app}`;
  const generate = (...words: readonly string[]) =>
    mustTreeport(['delta', 'generate', '--quiet', '--repo', path, ...words, ref]);
  const publish = () => must(['flatpak', 'build-update-repo', path]);
  await generate('--empty');
  await publish();
  const { origin } = await serve(t, path);
  const { origin: through, paths } = await startRecordingProxy(t, origin);
  const flatpak = await flatpakOf(join(folder, 'user'));
  await flatpak('remote-add', '--no-gpg-verify', 'mirror', `${through}/repo`);
  const install = ['--assumeyes', '--noninteractive'];
  await flatpak('install', ...install, '--no-deps', 'mirror', 'org.example.App');
  const first = await revision(path, ref);
  assert.match(await flatpak('list', '--columns=active'), new RegExp(first));
  assert.deepEqual(filesOfDeltas(paths), ['superblock', '0']);

  await writeFile(join(folder, 'app/files/bin/hello'), '#!/bin/sh\necho hello again\n', { mode: 0o755 });
  await must(['flatpak', 'build-export', '--disable-sandbox', path, join(folder, 'app'), 'stable']);
  await generate();
  await publish();
  paths.length = 0;
  await flatpak('update', ...install, '--no-deps', 'org.example.App');
  const second = await revision(path, ref);
  assert.notEqual(second, first);
  assert.match(await flatpak('list', '--columns=active'), new RegExp(second));
  assert.deepEqual(filesOfDeltas(paths), ['superblock', '0']);
  await ostreeFsck(join(folder, 'user/flatpak/repo'));
});

function filesOfDeltas(paths: readonly string[]): readonly string[] {
  return paths
    .filter((path) => path.includes('/deltas/'))
    .map((path) => path.slice(path.lastIndexOf('/') + 1));
}
