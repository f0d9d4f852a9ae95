/** Repositories carried on USB sticks: stock ostree and flatpak find and install what is on them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled } from '../support/programs.ts';
import { flatpakOf, revision } from './support/flatpak.ts';
import { flatpakShop } from './support/flatpak-shop.ts';
import { makeGpgKey } from './support/gpg.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { eventually } from './support/processes.ts';
import { must, mustTreeport, TREEPORT, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { formatStick, plugIn, unlessSticks } from './support/usb-stick.ts';

const skip = unlessSticks || unlessInstalled('ostree');
const COLLECTION = 'org.example.Os';
const REF = 'exampleos/stable';
const ON_STICK = '.ostree/repo';

/** A repository of the collection with one ref: `files` of 100 kB of noise, which does not compress. */
async function osRepo(folder: string, files: number, mode = 'archive'): Promise<string> {
  const [path, tree] = [join(folder, `os-${mode}`), join(folder, 'tree')];
  await mkdir(tree, { recursive: true });
  for (let file = 0; file < files; file += 1)
    await writeFile(join(tree, `file-${file}`), randomBytes(100_000));
  await must(['ostree', `--repo=${path}`, 'init', `--mode=${mode}`, `--collection-id=${COLLECTION}`]);
  await must(['ostree', `--repo=${path}`, 'commit', '-b', REF, `--bind-ref=${REF}`, tree]);
  return path;
}

const toStick = (repo: string, stick: string, ...words: readonly string[]) =>
  ['snapshot', 'create', '--repo', repo, ...words, '--output-format', 'usb', stick] as const;

test('ostree finds the refs of a stick by itself, pulls them, and pulls them by path', {
  skip: skip || unlessInstalled('gpg'),
  timeout: 120_000,
}, async (t) => {
  const folder = await tempDir(t);
  const key = await makeGpgKey(folder);
  const repo = await osRepo(folder, 3);
  await must(['ostree', `--repo=${repo}`, 'gpg-sign', `--gpg-homedir=${key.home}`, REF, key.id]);
  const stick = await plugIn(t, await formatStick(folder, 16));
  assert.match(await mustTreeport(toStick(repo, stick.path, REF)), /^\d+ objects written, 0 were there$/);
  assert.match(await mustTreeport(toStick(repo, stick.path, REF)), /^0 objects written, \d+ were there$/);
  await ostreeFsck(join(stick.path, ON_STICK));

  const client = await newRepo(join(folder, 'client'));
  const remote = ['remote', 'add', `--gpg-import=${key.publicKey}`, `--collection-id=${COLLECTION}`];
  await must(['ostree', `--repo=${client}`, ...remote, 'os', 'http://registry.example.com/repo']);
  const find = ['ostree', `--repo=${client}`, 'find-remotes', '--finders=mount'];
  assert.match(await must([...find, COLLECTION, REF]), new RegExp(`file://${stick.path}/${ON_STICK}`));
  await must([...find, '--pull', COLLECTION, REF]);
  await ostreeFsck(client);
  const commit = await must(['ostree', `--repo=${repo}`, 'rev-parse', REF]);
  assert.match(await must(['ostree', `--repo=${client}`, 'refs', '--collections']), new RegExp(REF));
  assert.equal(
    await must([
      'ostree',
      `--repo=${client}`,
      'show',
      '--print-metadata-key=ostree.collection-binding',
      commit,
    ]),
    `'${COLLECTION}'`,
  );

  const local = await newRepo(join(folder, 'local'));
  await must(['ostree', `--repo=${local}`, 'pull-local', join(stick.path, ON_STICK), REF]);
  assert.equal(await must(['ostree', `--repo=${local}`, 'rev-parse', REF]), commit);
});

test("a stick of ostree's own is added to, and keeps what it has", { skip, timeout: 120_000 }, async (t) => {
  const folder = await tempDir(t);
  const repo = await osRepo(folder, 1);
  const stick = await plugIn(t, await formatStick(folder, 16));
  await must(['ostree', `--repo=${repo}`, 'create-usb', stick.path, COLLECTION, REF]);
  const other = 'exampleos/next';
  await must([
    'ostree',
    `--repo=${repo}`,
    'commit',
    '-b',
    other,
    `--bind-ref=${other}`,
    join(folder, 'tree'),
  ]);
  await mustTreeport(toStick(repo, stick.path, other));
  const listed = await must(['ostree', `--repo=${join(stick.path, ON_STICK)}`, 'summary', '--view']);
  for (const ref of [REF, other]) assert.match(listed, new RegExp(`\\(${COLLECTION}, ${ref}\\)`));

  await must(['ostree', `--repo=${repo}`, 'config', 'set', 'core.collection-id', 'org.example.Other']);
  await must(['ostree', `--repo=${repo}`, 'commit', '-b', REF, join(folder, 'tree')]);
  const { stderr } = await treeport(toStick(repo, stick.path, REF));
  assert.match(stderr, new RegExp(`the stick has ${REF} of ${COLLECTION} as well`));
  const later = await must(['ostree', `--repo=${join(stick.path, ON_STICK)}`, 'refs', '--collections']);
  for (const collection of [COLLECTION, 'org.example.Other'])
    assert.match(later, new RegExp(`\\(${collection}, ${REF}\\)`));
});

test('a stick that is too small is refused with the number of bytes that are missing', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const folder = await tempDir(t);
  for (const mode of ['archive', 'bare-user']) {
    const repo = await osRepo(folder, 60, mode);
    const stick = await plugIn(t, await formatStick(folder, 4));
    const { status, stderr } = await treeport(toStick(repo, stick.path));
    assert.equal(status, 1);
    assert.match(stderr, /ERR_DISK_FULL/);
    // Of 6 MB: only an archive's objects have their size already.
    if (mode === 'archive')
      assert.match(
        stderr,
        /is too small: 6\.\d MB are to be written and \d\.\d MB are free; \d\.\d MB more are needed/,
      );
    else assert.match(stderr, /no space left to write .*; up to \d+\.\d [kM]B more are needed/);
    const refs = join(stick.path, ON_STICK, 'refs/heads');
    assert.deepEqual(readdirSync(refs), [], 'no ref leads to missing objects');
    await stick.eject();
    await rm(repo, { recursive: true });
  }
});

test('a stick that was pulled out is completed by another run', { skip, timeout: 120_000 }, async (t) => {
  const folder = await tempDir(t);
  const repo = await osRepo(folder, 200);
  const stick = await plugIn(t, await formatStick(folder, 64));
  const words = toStick(repo, stick.path);
  const writing = spawn(TREEPORT[0], [TREEPORT[1], ...words], { stdio: 'ignore' });
  const objects = join(stick.path, ON_STICK, 'objects');
  await eventually('the first objects are on the stick', async () =>
    existsSync(objects) && readdirSync(objects).length > 30 ? true : undefined,
  );
  const pulledOut = await stick.copy();
  writing.kill('SIGKILL');
  await once(writing, 'close');
  await stick.eject();

  const again = await plugIn(t, pulledOut);
  assert.deepEqual(readdirSync(join(again.path, ON_STICK, 'refs/heads')), []);
  const printed = await mustTreeport(toStick(repo, again.path));
  assert.match(printed, /^[1-9]\d* objects written, \d+ were there$/);
  await ostreeFsck(join(again.path, ON_STICK));
  const local = await newRepo(join(folder, 'local'));
  await must(['ostree', `--repo=${local}`, 'pull-local', join(again.path, ON_STICK), REF]);
  await ostreeFsck(local);
});

test('options of images are refused, and so is a directory that does not exist', async (t) => {
  const folder = await tempDir(t);
  for (const words of [
    ['--delta', 'parent'],
    ['--split', '4GiB'],
    ['--previous', 'oci:before'],
    ['--packing', 'single'],
    ['--sign-by', 'ABCD'],
  ]) {
    const refused = await treeport(toStick(folder, folder, ...words));
    assert.match(refused.stderr, new RegExp(`ERR_USAGE: ${words[0]} is for images`));
  }
});

test('flatpak installs from a stick without a network', {
  skip: skip || unlessInstalled('flatpak', 'gpg'),
  timeout: 180_000,
}, async (t) => {
  const folder = await tempDir(t);
  const key = await makeGpgKey(folder);
  const collection = 'org.example.Apps';
  const { path, arch, apps, runtime } = await flatpakShop(folder, { key, collection });
  const stick = await plugIn(t, await formatStick(folder, 16));
  await mustTreeport(toStick(path, stick.path, 'app/**', 'runtime/**', 'appstream2/*'));
  const user = join(folder, 'user');
  const flatpak = await flatpakOf(user);
  await flatpak(
    'remote-add',
    `--gpg-import=${key.publicKey}`,
    `--collection-id=${collection}`,
    'mirror',
    path,
  );
  await flatpak('remote-modify', '--url=http://registry.example.invalid/repo', 'mirror');
  await mkdir(join(user, 'flatpak/sideload-repos'), { recursive: true });
  await symlink(join(stick.path, ON_STICK), join(user, 'flatpak/sideload-repos/stick'));
  await flatpak('install', '--assumeyes', '--noninteractive', 'mirror', 'org.example.Free');
  const installed = await flatpak('list', '--columns=active');
  assert.match(installed, new RegExp(await revision(path, apps.free)));
  assert.match(installed, new RegExp(await revision(path, runtime)));
  await flatpak('update', '--appstream', 'mirror');
  const xml = await readFile(join(user, 'flatpak/appstream/mirror', arch, 'active/appstream.xml'), 'utf8');
  assert.match(xml, /org\.example\.Other/);
  const byPath = [
    'install',
    `--sideload-repo=${join(stick.path, ON_STICK)}`,
    '--assumeyes',
    '--noninteractive',
  ];
  await flatpak(...byPath, 'mirror', 'org.example.Other');
});
