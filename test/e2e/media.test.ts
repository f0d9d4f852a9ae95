/**
 * Media that repositories are carried on: with the file systems of sticks as they are sold, full ones, and
 * ones that are pulled out while treeport writes or reads.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import test, { type TestContext } from 'node:test';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { Random } from '../gvariant/random.ts';
import { commitNoise } from '../support/noise-commit.ts';
import { unlessInstalled } from '../support/programs.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { eventually } from './support/processes.ts';
import { must, mustTreeport, run, TREEPORT, treeport } from './support/run.ts';
import { shared, tempDir } from './support/scratch.ts';
import { formatStick, isInKernel, plugIn, unlessFormat, unlessSticks } from './support/usb-stick.ts';

const REF = 'os/stable';

/** A repository of 1 or more MB, and a runtime image, so that each snapshot need not make one. */
async function makeSource(t: TestContext, files = 40) {
  const folder = await tempDir(t);
  const random = new Random(7);
  const writer = await ArchiveWriter.create(join(folder, 'source'), { level: 1 });
  await commitNoise(writer, REF, random, files);
  const runtime = await shared('runtime-image', async (path) => {
    await mustTreeport(['mirror', 'runtime', '--quiet', `oci:${path}`]);
    return `oci:${path}`;
  });
  const repo = ['--quiet', '--repo', writer.path];
  return { folder, random, writer, repo, create: ['snapshot', 'create', ...repo, '--runtime', runtime] };
}

async function refuses(words: readonly string[], code: string, ...parts: readonly RegExp[]) {
  const { status, stderr } = await treeport(words);
  assert.equal(status, 1, stderr);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  for (const part of [new RegExp(code), ...parts]) assert.match(stderr, part);
}

for (const format of ['exfat', 'vfat'] as const)
  test(`a stick with ${format} takes repositories, images and pieces`, {
    skip: unlessFormat(format) || unlessInstalled('ostree'),
    timeout: 300_000,
  }, async (t) => {
    const { folder, random, writer, repo, create } = await makeSource(t);
    const stick = await plugIn(t, await formatStick(folder, 256, format), format);
    const at = (name: string) => join(stick.path, name);
    const usb = ['snapshot', 'create', ...repo, '--output-format', 'usb', stick.path];
    const exporting = ['repo', 'export', ...repo, at('export')];
    await mustTreeport(usb);
    await mustTreeport(exporting);
    for (const from of ['.ostree/repo', 'export']) {
      await must(['ostree', `--repo=${at(from)}`, 'fsck', '--quiet']);
      const local = await newRepo(join(folder, 'local'));
      await must(['ostree', `--repo=${local}`, 'pull-local', at(from), REF]);
      await ostreeFsck(local);
      await rm(local, { recursive: true });
    }
    const images = [`oci-archive:${at('repo.tar')}`];
    // fusefat loses what is in a directory that is renamed.
    if (format === 'exfat' || isInKernel(format)) images.push(`oci:${at('images')}:one`);
    for (const image of images) {
      await mustTreeport([...create, ...(image.includes('archive') ? ['--split', '16MiB'] : []), image]);
      await mustTreeport(['snapshot', 'verify', '--quiet', image]);
      const local = await newRepo(join(folder, 'local'));
      await mustTreeport(['snapshot', 'extract', '--quiet', '--repo', local, image]);
      await ostreeFsck(local);
      await rm(local, { recursive: true });
    }

    // fusefat lets no repository be made.
    if (format === 'exfat' || isInKernel(format)) {
      const there = await newRepo(at('extracted'), 'archive');
      const extract = ['snapshot', 'extract', '--quiet', '--repo', there, ...images.slice(-1)];
      if (isInKernel(format)) {
        await mustTreeport(extract);
        await ostreeFsck(there);
      } else {
        await refuses(extract, 'ERR_IO', /has no hard links/, /treeport snapshot export/);
        assert.deepEqual(readdirSync(join(there, 'refs/heads')), []);
      }
    }

    await commitNoise(writer, 'OS/stable', random);
    const side = /ignores case.*refs\/heads\/(os and refs\/heads\/OS|OS and refs\/heads\/os), which differ/;
    const refs = () => ['.ostree/repo', 'export'].map((name) => readdirSync(at(`${name}/refs/heads`)));
    const objects = () => readdirSync(at('.ostree/repo/objects')).length;
    const before = [refs(), objects()];
    for (const words of [usb, exporting]) await refuses(words, 'ERR_EXPORT_TARGET', side);
    assert.deepEqual([refs(), objects()], before);
  });

test('full media: nothing half-made is visible, and another run finishes when there is room', {
  skip: unlessSticks || unlessInstalled('ostree'),
  timeout: 300_000,
}, async (t) => {
  const { folder, repo, create } = await makeSource(t, 200);
  const stick = await plugIn(t, await formatStick(folder, 192));
  const at = (name: string) => join(stick.path, name);
  await mustTreeport([...create, `oci:${folder}/image`]);
  const image = `oci:${folder}/image`;
  const copy = await newRepo(at('copy'), 'archive');
  const ways = [
    { words: [...create, `oci:${at('images')}`], made: 'images' },
    { words: [...create, `oci-archive:${at('repo.tar')}`], made: 'repo.tar' },
    { words: ['repo', 'export', ...repo, at('export')], made: 'export/summary' },
    { words: ['snapshot', 'export', '--quiet', image, at('again')], made: 'again/summary' },
    { words: ['snapshot', 'extract', '--quiet', '--repo', copy, image], made: `copy/refs/heads/${REF}` },
    {
      words: ['snapshot', 'create', ...repo, '--output-format', 'usb', at('')],
      made: '.ostree/repo/summary',
    },
  ];
  for (const { words, made } of ways) {
    const { bavail, bsize } = statfsSync(at(''));
    await must(['fallocate', '--length', String(bavail * bsize - 2_000_000), at('ballast')]);
    await refuses(words, 'ERR_DISK_FULL');
    assert.equal(existsSync(at(made)), false, made);
    await rm(at('ballast'));
    await mustTreeport(words);
    assert.ok(existsSync(at(made)), made);
    const [top = ''] = made.split('/');
    if (/^(export|again|copy)$/.test(top)) await ostreeFsck(at(top));
    await rm(at(top), { recursive: true });
  }
});

test('an archive that is larger than the files of a file system may be', {
  skip: unlessInstalled('ostree'),
}, async (t) => {
  const { folder, create } = await makeSource(t);
  const archive = join(folder, 'repo.tar');
  const limited = ['sh', '-c', 'ulimit -f 20000; exec "$@"', 'sh', ...TREEPORT, ...create];
  const { status, stderr } = await run([...limited, `oci-archive:${archive}`]);
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^treeport: ERR_IO: [^\n]*takes no files of this size[^\n]*\n$/);
  assert.deepEqual(readdirSync(folder), ['source']);
});

/** Runs treeport, and pulls the stick out when `begun` is true. */
async function whilePulledOut(
  words: readonly string[],
  { pullOut }: { readonly pullOut: () => Promise<void> },
  begun: () => boolean,
): Promise<string> {
  const child = spawn(TREEPORT[0], [TREEPORT[1], ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  const stderr = buffer(child.stderr);
  await eventually('the work has begun', async () => begun() || undefined);
  await pullOut();
  const [status] = await ended;
  assert.equal(status, 1);
  return (await stderr).toString().trimEnd();
}

test('a stick that is pulled out ends the work with one line, and another one takes it up', {
  skip: unlessSticks || unlessInstalled('ostree'),
  timeout: 300_000,
}, async (t) => {
  const { folder, repo, create } = await makeSource(t, 400);
  const written = await plugIn(t, await formatStick(folder, 64));
  const exporting = ['repo', 'export', ...repo, join(written.path, 'export')];
  const objects = join(written.path, 'export/objects');
  const broken = await whilePulledOut(
    exporting,
    written,
    () => existsSync(objects) && readdirSync(objects).length > 30,
  );
  assert.match(broken, /^treeport: ERR_IO: [^\n]*$/);
  await written.eject();

  const file = await formatStick(folder, 160);
  const source = await plugIn(t, file);
  await mustTreeport([...create, `oci:${join(source.path, 'image')}`]);
  await source.eject();
  const [read, spare] = [await plugIn(t, file), `${file}.spare`];
  await must(['cp', '--sparse=always', file, spare]);
  const local = await newRepo(join(folder, 'local'), 'archive');
  const extract = (path: string) => [
    'snapshot',
    'extract',
    '--quiet',
    '--repo',
    local,
    `oci:${join(path, 'image')}`,
  ];
  const failed = await whilePulledOut(
    extract(read.path),
    read,
    () => readdirSync(join(local, 'objects')).length + readdirSync(join(local, 'tmp')).length > 3,
  );
  assert.match(failed, /^treeport: ERR_[A-Z_]+: [^\n]*$/);
  assert.equal(await must(['ostree', `--repo=${local}`, 'refs']), '');
  await must(['ostree', `--repo=${local}`, 'fsck', '--quiet', '--all']);
  await read.eject();
  const again = await plugIn(t, spare);
  await mustTreeport(extract(again.path));
  await ostreeFsck(local);
});
