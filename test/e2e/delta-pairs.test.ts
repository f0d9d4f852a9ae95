/**
 * Static deltas of random pairs of trees, with random options: ostree of both generations applies ours, and
 * we apply theirs. A delta that was corrupted is refused, or makes the commit all the same.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { applyDelta } from '../../src/delta/static/apply-delta.ts';
import { openDeltaFile } from '../../src/delta/static/open-delta.ts';
import { libcXattrs } from '../../src/native/libc/xattrs.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { Random } from '../gvariant/random.ts';
import { unlessInstalled } from '../support/programs.ts';
import { clientOf, type DeltaPair, generations, PAIR_SEED, writePairs } from './support/delta-pairs.ts';
import { ostreeFsck, treeListing } from './support/import-repo.ts';
import { mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessInstalled('ostree');
const timeout = 600_000;
const CORRUPTIONS = 6;

test(`ostree applies our deltas of random trees, seed ${PAIR_SEED}`, { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'repo');
  const pairs = await writePairs(path);
  for (const { ref, from, words, profile, isEmpty } of pairs) {
    const base = isEmpty ? ['--empty'] : ['--from', from];
    await mustTreeport(['delta', 'generate', '--quiet', '--repo', path, profile, ...words, ...base, ref]);
  }
  const { repo: url } = await serve(t, path);
  for (const [generation, ostree] of await generations(t, folder)) {
    await mkdir(join(folder, generation));
    for (const pair of pairs) {
      const { ref, to, words } = pair;
      const client = await clientOf(join(folder, generation, ref), path, pair);
      await ostree([`--repo=${client}`, 'remote', 'add', '--no-gpg-verify', 'origin', url]);
      await ostree([`--repo=${client}`, 'pull', '--require-static-deltas', 'origin', ref]);
      await ostreeFsck(client);
      const what = `${generation}: ${ref} ${words.join(' ')}`;
      assert.equal(await treeListing(client, to), await treeListing(path, to), what);
    }
  }
});

test(`ostree applies them offline, seed ${PAIR_SEED}`, { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'repo');
  const pairs = await writePairs(path);
  for (const [generation, ostree] of await generations(t, folder)) {
    for (const pair of pairs) {
      const { ref, from, to, profile, isEmpty } = pair;
      const words = pair.words.filter((word) => !word.startsWith('--min-fallback-size'));
      const place = join(folder, `${generation}-${ref}`);
      await mkdir(place);
      const superblock = ['--filename', join(place, 'superblock'), '--min-fallback-size=0'];
      const base = isEmpty ? ['--empty'] : ['--from', from];
      await mustTreeport([
        'delta',
        'generate',
        '--quiet',
        '--repo',
        path,
        ...superblock,
        profile,
        ...words,
        ...base,
        ref,
      ]);
      const client = await clientOf(join(place, 'client'), path, pair);
      await ostree([`--repo=${client}`, 'static-delta', 'apply-offline', place]);
      await ostreeFsck(client);
      assert.equal(await treeListing(client, to), await treeListing(path, to), `${generation}: ${ref}`);
    }
  }
});

/** Throws if the delta cannot be applied. */
async function applyTo(client: string, place: string): Promise<void> {
  await applyDelta(await openRepository(client, { xattrs: libcXattrs }), openDeltaFile(place));
}

const hasCommit = (client: string, { to }: DeltaPair) => existsSync(join(client, loosePath(to, 'commit')));

test(`we apply the deltas of ostree, seed ${PAIR_SEED}`, { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'repo');
  const pairs = await writePairs(path);
  for (const [generation, ostree] of await generations(t, folder)) {
    for (const pair of pairs) {
      const { ref, from, to, words, isEmpty } = pair;
      const place = join(folder, `${generation}-${ref}`);
      await mkdir(place);
      const options = words.filter((word) => !word.startsWith('--min-fallback-size'));
      const base = isEmpty ? ['--empty'] : [`--from=${from}`];
      const named = [`--filename=${join(place, 'superblock')}`, '--min-fallback-size=0', ...options];
      await ostree([`--repo=${path}`, 'static-delta', 'generate', ...named, ...base, `--to=${to}`]);
      for (const mode of ['bare-user', 'archive'] as const) {
        const client = await clientOf(join(place, mode), path, pair, mode);
        await applyTo(client, place);
        await ostreeFsck(client);
        const what = `${generation} into ${mode}: ${ref} ${words.join(' ')}`;
        assert.equal(await treeListing(client, to), await treeListing(path, to), what);
      }
    }
  }
});

test(`a corrupt delta leaves no commit that is not whole, seed ${PAIR_SEED}`, {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'repo');
  const random = new Random(PAIR_SEED);
  for (const pair of await writePairs(path)) {
    const { ref, from, to, words, profile, isEmpty } = pair;
    const place = join(folder, ref);
    await mkdir(place);
    const named = ['--filename', join(place, 'superblock'), profile, ...words, '--min-fallback-size=0'];
    const base = isEmpty ? ['--empty'] : ['--from', from];
    await mustTreeport(['delta', 'generate', '--quiet', '--repo', path, ...named, ...base, ref]);
    const files = readdirSync(place);
    const client = await clientOf(join(place, 'client'), path, pair, 'archive');
    for (let count = 0; count < CORRUPTIONS && !hasCommit(client, pair); count++) {
      const file = join(place, random.pick(files));
      const good = readFileSync(file);
      const bad = Buffer.from(good);
      const at = random.below(bad.length);
      bad[at] = (bad[at] as number) ^ (1 << random.below(8));
      writeFileSync(file, bad);
      const error = await applyTo(client, place).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const what = `${ref}, byte ${at} of ${file}: ${String(error)}`;
      assert.ok(error === undefined || isTreeportError(error), what);
      assert.equal(hasCommit(client, pair), error === undefined, what);
      if (!file.endsWith('superblock')) assert.ok(error !== undefined, what);
      writeFileSync(file, good);
    }
    if (!hasCommit(client, pair)) await applyTo(client, place);
    await ostreeFsck(client);
    assert.equal(await treeListing(client, to), await treeListing(path, to), ref);
  }
});
