/**
 * Layer caches on disks that fail, and in builds that are killed: every image that is made is the same, and
 * none is half-made. TREEPORT_LAYER_KILLS=30 makes a longer run, KILL_SEED repeats one as far as moments can
 * be repeated.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { Random } from '../gvariant/random.ts';
import { commitHistory, debianTree } from '../support/package-trees.ts';
import { unlessInstalled } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';
import { faultsLibrary } from '../support/write-faults.ts';
import type { CachedBuild, CacheJob } from './support/faulty-layer-cache.ts';
import { killAtChange } from './support/kill-at-change.ts';
import { readLayout, sha256 } from './support/layout.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const KILLS = Number(process.env.TREEPORT_LAYER_KILLS ?? 4);
const SEED = Number(process.env.KILL_SEED ?? randomInt(2 ** 31));
const BUILDER = join(ROOT, 'test/e2e/support/faulty-layer-cache.ts');
const NAMES = ['a', 'b', 'c', 'd'];

/** A system of packages that compress badly and have layers of their own. */
async function systemIn(repo: string, random: Random): Promise<Checksum> {
  const noise = () => Buffer.from(new Uint32Array(100_000).map(() => random.next()).buffer);
  const lists = Object.fromEntries(NAMES.map((name) => [name, [`/usr/bin/${name}`]]));
  const files = Object.fromEntries(NAMES.map((name) => [`usr/bin/${name}`, noise()]));
  const [commit] = await commitHistory(repo, [debianTree(lists, files)]);
  return commit as Checksum;
}

const INJECTIONS: readonly Pick<CacheJob, 'kind' | 'errors' | 'most'>[] = [
  { kind: 'writes', errors: ['EIO', 'ENOSPC', 'short'], most: 9 },
  { kind: 'names', errors: ['EIO', 'ENOSPC'], most: 6 },
];

for (const faults of INJECTIONS) {
  test(`a layer cache whose ${faults.kind} fail changes no image`, {
    skip: unlessInstalled('cc'),
  }, async (t) => {
    const folder = await tempDir(t);
    const repo = join(folder, 'repo');
    const job: CacheJob = { folder, repo, commit: await systemIn(repo, new Random(1)), ...faults };
    const env = { LD_PRELOAD: await faultsLibrary() };
    const output = await must([process.execPath, BUILDER, JSON.stringify(job)], { env });
    const builds = output.split('\n').map((line) => JSON.parse(line) as CachedBuild);
    assert.ok(builds.length >= faults.most / 2, `only ${builds.length} calls`);
    const [first] = builds;
    for (const { error, call, digest, warnings, next } of builds) {
      const where = `${error} in ${call}: ${warnings.join('; ')}`;
      assert.deepEqual([digest, next], [first?.digest, first?.digest], where);
      assert.equal(warnings.length, error === 'short' ? 0 : 1, where);
      for (const warning of warnings)
        assert.match(warning, /^no more layers are kept in .*, which changes no image/);
    }
  });
}

test(`builds with a layer cache that are killed, seed ${SEED}`, { timeout: 3_600_000 }, async (t) => {
  const folder = await tempDir(t);
  const random = new Random(SEED);
  const repo = join(folder, 'repo');
  const commit = await systemIn(repo, random);
  const words = (cache: string, image: string) => [
    ...['container', 'encapsulate', '--quiet', '--repo', repo, '--layer-cache', cache, commit],
    `oci:${image}`,
  ];
  const digest = (await mustTreeport(words(join(folder, 'whole-cache'), join(folder, 'whole')))).trim();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const cache = join(folder, `cache-${kill}`);
    const images = join(folder, `images-${kill}`);
    for (const directory of [cache, images]) mkdirSync(directory);
    await killAtChange(words(cache, join(images, 'image')), [cache, images], 1 + random.below(60));
    if (existsSync(join(images, 'image/index.json'))) {
      const { layers, digest: made } = readLayout(join(images, 'image'));
      assert.equal(made, digest);
      for (const layer of layers) assert.equal(`sha256:${await sha256(layer.path)}`, layer.digest);
    }
    assert.equal((await mustTreeport(words(cache, join(images, 'image')))).trim(), digest);
    assert.equal((await mustTreeport(words(cache, join(images, 'again')))).trim(), digest);
    const entries = readdirSync(cache).filter((name) => /^[0-9a-f]{64}\.(?:layer|json)$/.test(name));
    assert.equal(entries.length, 2 * readLayout(join(images, 'again')).layers.length);
  }
});
