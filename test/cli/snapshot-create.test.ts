/** The layers of a main commit: those of `snapshot create` follow change, as those of `mirror build`. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { readLayout } from '../e2e/support/layout.ts';
import { must, mustTreeport, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { commitHistory, debianTree } from '../support/package-trees.ts';
import { unlessInstalled } from '../support/programs.ts';

const skip = unlessInstalled('ostree');
const LISTS = { a: ['/usr/bin/a'], b: ['/usr/bin/b'], c: ['/usr/bin/c'] };
/** Large enough that layers of their own pay. */
const large = (name: string) => name.repeat(1_000_000);
const FILES = { 'usr/bin/a': large('a'), 'usr/bin/b': large('b'), 'usr/bin/c': large('c'), 'usr/own': 'own' };

async function place(t: TestContext) {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  const commits = await commitHistory(repo, [
    debianTree(LISTS, FILES),
    debianTree(LISTS, { ...FILES, 'usr/bin/b': 'changed' }),
  ]);
  const runtime = join(folder, 'runtime');
  mkdirSync(join(runtime, 'bin'), { recursive: true });
  copyFileSync('/bin/true', join(runtime, 'bin/node'));
  const release = (index: number) => writeFileSync(join(repo, 'refs/heads/os'), `${commits[index]}\n`);
  const words = (target: string, ...options: readonly string[]) => [
    ...['snapshot', 'create', '--quiet', '--compression-fast', '--repo', repo, '--runtime', runtime],
    ...options,
    target,
  ];
  const layout = (name: string) => join(folder, name);
  const build = async (name: string, ...options: readonly string[]) => {
    const { status, stdout, stderr } = await treeport(words(`oci:${layout(name)}`, ...options));
    assert.deepEqual([status, stderr], [0, '']);
    const image = readLayout(layout(name));
    assert.equal(stdout, `${image.digest}\n`);
    return image.layers;
  };
  const refused = async (target: string, ...options: readonly string[]) => {
    const { status, stderr } = await treeport(words(target, ...options));
    assert.equal(status, 2, stderr);
    return stderr;
  };
  release(0);
  return { folder, repo, commits, release, layout, words, build, refused };
}

const MAIN = ['--main-ref', 'os'];
const components = (layers: Awaited<ReturnType<Awaited<ReturnType<typeof place>>['build']>>) =>
  layers.flatMap(({ annotations, digest }) => {
    const names = annotations?.['ostree.components'];
    return names === undefined ? [] : [{ names, digest }];
  });

test('an update of the main ref costs the layers that changed', { skip }, async (t) => {
  const { folder, commits, release, layout, build } = await place(t);
  const first = components(await build('first', ...MAIN));
  assert.ok(first.length > 3);
  release(1);
  const second = components(await build('second', ...MAIN, '--previous', `oci:${layout('first')}`));
  const known = new Set(first.map(({ digest }) => digest));
  const changed = second.filter(({ digest }) => !known.has(digest)).map(({ names }) => names);
  assert.deepEqual(
    second.map(({ names }) => names),
    first.map(({ names }) => names),
  );
  assert.ok(changed.includes('b'), changed.join('; '));
  assert.ok(!changed.includes('a') && !changed.includes('c'), changed.join('; '));
  // Another commit that has the same objects, and a machine that has the first snapshot.
  const client = join(folder, 'client');
  await must(['ostree', `--repo=${client}`, 'init', '--mode=bare-user']);
  for (const name of ['first', 'second'])
    await mustTreeport(['snapshot', 'extract', '--quiet', '--repo', client, `oci:${layout(name)}`]);
  assert.equal(await must(['ostree', `--repo=${client}`, 'rev-parse', 'os']), commits[1]);
  await must(['ostree', `--repo=${client}`, 'fsck', '--quiet']);
  await must(['ostree', `--repo=${client}`, 'ls', '-R', commits[0] ?? '']);
});

test('a snapshot of the same commit has the layers of the previous one, and of one layer if that has', {
  skip,
}, async (t) => {
  const { release, layout, build } = await place(t);
  const first = await build('first', ...MAIN, '--packing', 'single');
  assert.deepEqual(components(first), []);
  const same = await build('same', ...MAIN, '--previous', `oci:${layout('first')}`);
  assert.equal(same[0]?.digest, first[0]?.digest);
  assert.deepEqual(components(same), []);
  release(1);
  assert.ok(components(await build('next', ...MAIN, '--previous', `oci:${layout('same')}`)).length > 3);
});

test('the plan is printed, and options of layers are refused where there are none', async (t) => {
  const { folder, repo, commits, layout, words, build, refused } = await place(t);
  const lines = await mustTreeport(words(`oci:${layout('dry')}`, ...MAIN, '--dry-run'));
  assert.match(lines, new RegExp(`^commit ${commits[0]}: packing stable, the ostree layer and`));
  assert.ok(!existsSync(layout('dry')));
  assert.match(
    await refused(`oci:${layout('none')}`, '--max-layers', '9'),
    /ERR_USAGE: --max-layers is about the layers .*no main commit/,
  );
  const usb = ['snapshot', 'create', '--repo', repo, '--output-format', 'usb', '--packing', 'stable', folder];
  const stick = await treeport(usb);
  assert.match(stick.stderr, /ERR_USAGE: --packing is for images; a USB stick/);
  const pieces = ['--split', '2MiB', '--compare-with-build', `oci:${layout('first')}`];
  await build('first', ...MAIN);
  assert.match(
    await refused(`oci-archive:${layout('archive')}`, ...MAIN, ...pieces),
    /ERR_USAGE: --compare-with-build .*--split/,
  );
  assert.match(
    await refused(`oci-archive:${layout('archive')}`, ...MAIN, '--medium', folder),
    /ERR_USAGE: --medium .*--split/,
  );
  assert.ok(!existsSync(layout('none')) && !existsSync(layout('archive')));
});
