/** `summary update` of flatpak repositories, against what flatpak makes of them and its clients demand. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { checksumOf } from '../../src/ostree/checksum.ts';
import {
  type FlatpakSubSummary,
  indexSignaturesPath,
  parseFlatpakIndex,
  subSummaryDeltaPath,
  subSummaryPath,
} from '../../src/ostree/flatpak/index-file.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';
import { flatpakOf, revision } from './support/flatpak.ts';
import { flatpakShop } from './support/flatpak-shop.ts';
import { makeGpgKey } from './support/gpg.ts';
import { mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessRoot() || unlessInstalled('flatpak', 'ostree', 'gpg');
const INSTALL = ['--assumeyes', '--noninteractive', 'mirror'];
const indexOf = (path: string): readonly FlatpakSubSummary[] =>
  parseFlatpakIndex(readFileSync(join(path, 'summary.idx')));
const current = (path: string) => indexOf(path).map(({ name, checksum }) => [name, checksum]);

test('a flatpak repository whose summary is made anew installs and updates with verification', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const folder = await tempDir(t);
  const key = await makeGpgKey(folder);
  const { path, apps, arch, release, updateRepo } = await flatpakShop(folder, { key });
  const words = ['summary', 'update', '--repo', path];
  const sign = `gpg=command:gpg --homedir ${key.home} --batch --local-user ${key.id} --detach-sign`;
  const update = () => mustTreeport([...words, '--sign', sign]);
  const [first, flatpaks] = [indexOf(path), current(path)];
  assert.equal(await update(), 'the summary lists 6 refs and 0 deltas, and has 1 signatures');
  assert.deepEqual(current(path), flatpaks, "the same sub-summaries as flatpak's own");

  const { origin } = await serve(t, path);
  const { origin: through, paths } = await startRecordingProxy(t, origin);
  const flatpak = await flatpakOf(join(folder, 'user'));
  await flatpak('remote-add', `--gpg-import=${key.publicKey}`, 'mirror', `${through}/repo`);
  await flatpak('install', ...INSTALL, 'org.example.Free');
  const installed = await revision(path, apps.free);
  assert.match(await flatpak('list', '--columns=active'), new RegExp(installed));

  await release('again');
  const untouched = ['summary', 'summary.sig', 'summary.idx', 'summary.idx.sig'].map((name) =>
    join(path, name),
  );
  const state = () => [
    readdirSync(join(path, 'summaries')),
    ...untouched.map((file) => checksumOf(readFileSync(file))),
  ];
  const before = state();
  assert.match((await treeport([...words, '--sign', 'gpg=command:exit 1'])).stderr, /ERR_SIGN_COMMAND/);
  assert.match((await treeport(words)).stderr, /ERR_SUMMARY_SIGNED/);
  assert.deepEqual(state(), before);

  paths.length = 0;
  await update();
  await flatpak('update', '--assumeyes', '--noninteractive', 'org.example.Free');
  const updated = await revision(path, apps.free);
  assert.notEqual(updated, installed);
  assert.match(await flatpak('list', '--columns=active'), new RegExp(updated));
  const sub = (subs: readonly FlatpakSubSummary[]) =>
    subs.find(({ name }) => name === arch) as FlatpakSubSummary;
  const [was, is] = [sub(first), sub(indexOf(path))];
  assert.equal(is.history[0], was.checksum);
  assert.ok(existsSync(join(path, subSummaryPath(was.checksum))), 'clients with the former index find it');
  const delta = subSummaryDeltaPath(was.checksum, is.checksum);
  assert.ok(
    paths.some((line) => line.includes(delta)),
    paths.join('\n'),
  );
  const made = current(path);
  await updateRepo('--no-update-appstream');
  assert.deepEqual(current(path), made, "the same sub-summaries as flatpak's own");

  // Old signatures and deltas go, the history does not.
  const old = indexSignaturesPath(checksumOf(readFileSync(join(path, 'summary.idx'))));
  for (const text of ['third', 'fourth']) {
    await release(text);
    await update();
  }
  assert.equal(existsSync(join(path, old)), false);
  assert.equal(existsSync(join(path, delta)), false);
  const last = sub(indexOf(path));
  assert.deepEqual(last.history.slice(1), [is.checksum, ...is.history]);
  for (const checksum of last.history) {
    assert.ok(existsSync(join(path, subSummaryPath(checksum))));
    assert.ok(existsSync(join(path, subSummaryDeltaPath(checksum, last.checksum))));
  }
  await mustTreeport([...words, '--unsigned']);
  assert.equal(existsSync(join(path, 'summary.idx.sig')), false);
});
