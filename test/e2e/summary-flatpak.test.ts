/** `summary update` and `sign` of flatpak repositories: as flatpak makes them, and as its clients demand. */
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
import { revision } from './support/flatpak.ts';
import type { GpgKey } from './support/gpg.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { servedShop } from './support/served-shop.ts';

const skip = unlessRoot() || unlessInstalled('flatpak', 'ostree', 'gpg');
const INSTALL = ['--assumeyes', '--noninteractive', 'mirror'];
const indexOf = (path: string): readonly FlatpakSubSummary[] =>
  parseFlatpakIndex(readFileSync(join(path, 'summary.idx')));
const gpgCommand = ({ home, id }: GpgKey) => `gpg --homedir ${home} --batch --local-user ${id} --detach-sign`;
const current = (path: string) => indexOf(path).map(({ name, checksum }) => [name, checksum]);

test('a flatpak repository whose summary is made anew installs and updates with verification', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const { path, apps, arch, key, release, updateRepo, flatpak, paths } = await servedShop(t);
  const words = ['summary', 'update', '--repo', path];
  const update = () => mustTreeport([...words, '--sign', `gpg=command:${gpgCommand(key)}`]);
  const [first, flatpaks] = [indexOf(path), current(path)];
  assert.equal(await update(), 'the summary lists 6 refs and 0 deltas, and has 1 signature');
  assert.deepEqual(current(path), flatpaks, "the same sub-summaries as flatpak's own");

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

test('the index is signed with the summary, and loses the same signatures', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const { folder, path, key, flatpak } = await servedShop(t);
  await mustTreeport(['summary', 'update', '--quiet', '--repo', path, '--unsigned']);
  const install = () => flatpak('install', ...INSTALL, 'org.example.Free');
  await assert.rejects(install(), /GPG verification enabled, but no .*signatures found/i);

  const places = ['summary.sig', 'summary.idx.sig'];
  places.push(indexSignaturesPath(checksumOf(readFileSync(join(path, 'summary.idx')))));
  const present = () => places.filter((place) => existsSync(join(path, place)));
  const sign = ['sign', 'summary', '--quiet', '--repo', path];
  const by = (command: string) => ['--sign-type', 'gpg', '--sign-command', command];
  const what = join(folder, 'what');
  const failing = `echo "$TREEPORT_SIGN_WHAT" >>${what}; test "$TREEPORT_SIGN_WHAT" = summary && ${gpgCommand(key)}`;
  assert.match((await treeport([...sign, ...by(failing)])).stderr, /ERR_SIGN_COMMAND/);
  assert.equal(readFileSync(what, 'utf8'), 'summary\nsummary.idx\n');
  assert.deepEqual(present(), [], 'both or none');
  await mustTreeport([...sign, ...by(gpgCommand(key))]);
  assert.deepEqual(present(), places);
  await install();

  const secret = join(folder, 'ed25519');
  const publicKey = await mustTreeport(['sign', 'keygen', secret]);
  await mustTreeport([...sign, '--keys-file', secret]);
  const about = ['--repo', path, '--summary'];
  const list = async () =>
    (await mustTreeport(['sign', 'list', ...about])).split('\n').map((line) => line.split('  '));
  assert.deepEqual(
    (await list()).map((words) => [words[0], words[1], words.at(-1) === 'summary.idx']),
    [
      ['1', 'gpg', false],
      ['2', 'ed25519', false],
      ['3', 'gpg', true],
      ['4', 'ed25519', true],
    ],
  );
  const remote = ['remote', 'add', '--set=gpg-verify-summary=true', `--gpg-import=${key.publicKey}`];
  await must(['ostree', `--repo=${path}`, ...remote, 'shop', 'https://registry.example.com/repo']);
  const verified = async (...words: readonly string[]) =>
    (await mustTreeport(['sign', 'verify', ...about, ...words])).split('\n').map((line) => line.slice(-11));
  assert.equal((await verified('--remote', 'shop')).at(-1), 'summary.idx');
  assert.equal((await verified('--keys-file', `${secret}.pub`)).length, 2);

  const remove = ['sign', 'delete', ...about];
  await mustTreeport([...remove, '--number', '4']);
  const { stderr } = await treeport(['sign', 'verify', ...about, '--keys-file', `${secret}.pub`]);
  assert.match(stderr, /ERR_SIGNATURE_MISSING.*index summary\.idx of/);
  await mustTreeport([...sign, '--keys-file', secret]);
  assert.match(await mustTreeport([...remove, '--key', publicKey]), /^deleted 2 of .*with flatpak's index$/);
  assert.deepEqual(
    (await list()).map(([number, kind]) => [number, kind]),
    [
      ['1', 'gpg'],
      ['2', 'gpg'],
    ],
  );
  await flatpak('update', '--assumeyes', '--noninteractive');
  await mustTreeport([...remove, '--all']);
  assert.deepEqual(present(), []);
});
