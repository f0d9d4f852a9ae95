/** Against what `flatpak build-update-repo` makes of the same refs. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { read } from '../../../src/gvariant/index.ts';
import { writePublishedRepo } from '../../../src/mirror/build.ts';
import { publicationOf } from '../../../src/mirror/published-refs.ts';
import { parseFlatpakIndex } from '../../../src/ostree/flatpak/index-file.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { parseSummary } from '../../../src/ostree/summary.ts';
import { type FlatpakShop, flatpakShop } from '../../e2e/support/flatpak-shop.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';

const skip = unlessRoot() || unlessInstalled('flatpak', 'ostree');

async function publish(path: string, from: string, refs: readonly string[]): Promise<readonly string[]> {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const repo = await openRepository(from);
  const publication = await publicationOf(repo, refs, warn);
  await mkdir(path);
  await writePublishedRepo(path, repo, { publication, bake: 'none', warn });
  return warnings;
}

/** A repository of flatpak's own with these refs alone. */
async function flatpaksOwn({ path, folder }: FlatpakShop, refs: readonly string[]): Promise<string> {
  const own = join(folder, `own-${refs.length}`);
  await must(['ostree', `--repo=${own}`, 'init', '--mode=archive']);
  await must(['ostree', `--repo=${own}`, 'pull-local', path, ...refs]);
  const describe = ['--title=The Example Shop', '--comment=Two apps', '--no-update-appstream'];
  await must(['flatpak', 'build-update-repo', ...describe, own]);
  return own;
}

const indexOf = (path: string) => parseFlatpakIndex(readFileSync(join(path, 'summary.idx')));
const subsOf = (path: string) =>
  indexOf(path).map(({ name, checksum }) => [
    name,
    gunzipSync(readFileSync(join(path, 'summaries', `${checksum}.gz`))).toString('base64'),
  ]);

/** Keys and values without the time, in any order. */
function keysOfIndex(path: string): ReadonlyMap<string, unknown> {
  const bytes = readFileSync(join(path, 'summary.idx'));
  const [, pairs] = read('(a{s(ayaaya{sv})}a{sv})', bytes) as [unknown, [string, unknown][]];
  return new Map(pairs.filter(([key]) => key !== 'ostree.summary.last-modified').toSorted());
}

test("a made index is flatpak's own, for all refs and for some", { skip, timeout: 120_000 }, async (t) => {
  const shop = await flatpakShop(await tempDir(t));
  const { arch, apps, runtime } = shop;
  const all = (await must(['ostree', `--repo=${shop.path}`, 'refs'])).split('\n');
  assert.ok(all.includes(`appstream2/free-${arch}`), all.join());
  // Without its index, so that sizes of the appstream refs are counted.
  for (const name of ['summary.idx', 'summary']) await rm(join(shop.path, name));
  for (const refs of [all, [apps.other, runtime, `appstream2/${arch}`]]) {
    const [own, made] = [await flatpaksOwn(shop, refs), join(shop.folder, `made-${refs.length}`)];
    await publish(made, shop.path, refs);
    assert.deepEqual(subsOf(made), subsOf(own));
    assert.deepEqual(keysOfIndex(made), keysOfIndex(own));
    const summaries = [made, own].map((path) => parseSummary(readFileSync(join(path, 'summary'))));
    const [ours, theirs] = summaries.map(({ refs: listed }) =>
      listed.map(({ name, commit }) => [name, commit]),
    );
    assert.deepEqual(ours, theirs);
    const [cache, theirCache] = summaries.map(({ metadata }) => metadata.get('xa.cache')?.value);
    assert.deepEqual(cache, theirCache);
  }
});

test('the history of a made index leads from earlier mirrors of the same refs', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const shop = await flatpakShop(await tempDir(t));
  const { folder, path, apps, runtime, arch } = shop;
  const refs = [apps.free, runtime];
  const [former, next, unchanged] = ['former', 'next', 'unchanged'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const warnings = await publish(former, path, refs);
  assert.match(warnings.join(), /summary.idx of .* is not carried over, because it lists /);
  await shop.release('again');
  await shop.updateRepo();
  await publish(next, path, refs);
  const of = (from: string, name: string) => indexOf(from).find((sub) => sub.name === name);
  for (const name of [arch, `free-${arch}`]) {
    const [was, is] = [of(former, name), of(next, name)];
    assert.ok(was !== undefined && is !== undefined);
    assert.notEqual(is.checksum, was.checksum);
    assert.equal(is.history[0], was.checksum, 'the former mirror is the latest predecessor');
    const bytes = (from: string, sum: string) =>
      gunzipSync(readFileSync(join(from, 'summaries', `${sum}.gz`)));
    const delta = readFileSync(join(next, 'summaries', `${was.checksum}-${is.checksum}.delta`));
    assert.ok(applied(bytes(former, was.checksum), delta).equals(bytes(next, is.checksum)));
  }
  await publish(unchanged, path, refs);
  assert.deepEqual(readdirSync(join(unchanged, 'summaries')), readdirSync(join(next, 'summaries')));
});

/** As flatpak applies a delta. */
function applied(old: Buffer, gzipped: Buffer): Buffer {
  const delta = gunzipSync(gzipped);
  assert.equal(delta.toString('latin1', 0, 4), 'xadf');
  const count = delta.readUInt32LE(4);
  const at = { old: 0, data: 8 + 4 * count };
  const pieces: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const word = delta.readUInt32LE(8 + 4 * index);
    const [kind, length] = [word >>> 28, word & 0x0fffffff];
    if (kind === 0) pieces.push(old.subarray(at.old, at.old + length));
    if (kind === 2) pieces.push(delta.subarray(at.data, at.data + length));
    if (kind === 2) at.data += length;
    else at.old += length;
  }
  assert.equal(at.data, delta.length);
  return Buffer.concat(pieces);
}
