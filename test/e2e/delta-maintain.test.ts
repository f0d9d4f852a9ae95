/**
 * `delta maintain`: killed at moments of chance, it leaves no delta that a client could not apply, and the
 * next run does the rest. KILL_SEED repeats a run as far as moments can be repeated, MAINTAIN_KILLS makes
 * more of them.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { variant } from '../../src/gvariant/index.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { superblockPath } from '../../src/ostree/delta-name.ts';
import { serializeDict } from '../../src/ostree/metadata-dict.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { serializeSummary } from '../../src/ostree/summary.ts';
import { buildSummary } from '../../src/ostree/summary-build.ts';
import { Random } from '../gvariant/random.ts';
import { unlessInstalled } from '../support/programs.ts';
import { randomTreePair } from '../support/random-trees.ts';
import { newRepo, ostreeFsck, treeListing } from './support/import-repo.ts';
import { killAtChange } from './support/kill-at-change.ts';
import { assertDeltasSound } from './support/published-deltas.ts';
import { must, mustTreeport, run } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const KILLS = Number(process.env.MAINTAIN_KILLS ?? 12);
const SEED = Number(process.env.KILL_SEED ?? randomInt(2 ** 31));
const REF = 'os';

type Releases = {
  readonly path: string;
  readonly writer: ArchiveWriter;
  readonly commits: readonly Checksum[];
};

/** A repository with a ref of two commits, and the policies of two years. */
async function writeReleases(folder: string): Promise<Releases> {
  const path = join(folder, 'repo');
  const writer = await ArchiveWriter.create(path);
  const { before, after } = randomTreePair(7);
  const from = await commitTree(writer, before, { timestamp: 1_700_000_000 });
  const to = await commitTree(writer, after, { timestamp: 1_700_000_100, parent: from });
  await writer.ref(REF, to);
  await writeFile(join(path, 'summary'), serializeSummary(await buildSummary(await openRepository(path))));
  const general = '[deltas]\nminimum-saving=0\ngrace-hours=0\n[refs "*"]\n';
  await writeFile(join(folder, 'both'), `${general}scratch=true\nfrom-last=1\n`);
  await writeFile(join(folder, 'scratch'), `${general}scratch=true\n`);
  return { path, writer, commits: [from, to] };
}

const maintainWords = (path: string, policy: string) => [
  'delta',
  'maintain',
  '--repo',
  path,
  '--policy',
  policy,
];

test('maintenance that is killed', { timeout: 600_000 }, async (t) => {
  t.diagnostic(`KILL_SEED=${SEED}`);
  const folder = await tempDir(t);
  const { path, writer, commits } = await writeReleases(folder);
  const random = new Random(SEED);
  const policy = (name: string) => join(folder, name);
  const { changes: whole } = await killAtChange(
    maintainWords(path, policy('both')),
    [path],
    Number.POSITIVE_INFINITY,
  );
  assert.equal((await assertDeltasSound(path)).length, 2);
  const counts = { whole, killed: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    // Signatures to add, deltas to drop, deltas to make: whatever the last runs have left to do.
    const signature = serializeDict(new Map([['example.signature', variant('u', kill)]]));
    await writer.detachedMetadata(commits[1] as Checksum, signature);
    if (kill % 2 === 0) await rm(join(path, 'deltas'), { recursive: true });
    const change = 1 + random.below(whole);
    const words = maintainWords(path, policy(kill % 4 === 3 ? 'scratch' : 'both'));
    const { changes } = await killAtChange(words, [path], change);
    counts.killed += changes >= change ? 1 : 0;
    // The summary of a repository whose deltas somebody removed lists them until maintenance comes to it.
    if (kill % 2 === 1) await assertDeltasSound(path);
    await mustTreeport([...maintainWords(path, policy('both')), '--quiet']);
    assert.equal((await assertDeltasSound(path)).length, 2);
    assert.deepEqual(await readdir(join(path, 'tmp')), []);
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.killed > 0, 'no run was killed');
});

test('clients pull what maintenance makes, beside a running server', {
  skip: unlessInstalled('ostree'),
  timeout: 300_000,
}, async (t) => {
  const folder = await tempDir(t);
  const { path, commits } = await writeReleases(folder);
  const [from = '', to = ''] = commits;
  const { repo: url } = await serve(t, path);
  const pull = async (name: string, base: readonly string[]) => {
    const client = await newRepo(join(folder, name), 'bare-user');
    const ostree = (...words: readonly string[]) => ['ostree', `--repo=${client}`, ...words];
    await must(ostree('remote', 'add', '--no-gpg-verify', 'origin', url));
    for (const commit of base) {
      await must(ostree('pull-local', path, commit));
      await must(ostree('refs', `--create=origin:${REF}`, commit));
    }
    const { status } = await run(ostree('pull', '--require-static-deltas', 'origin', REF));
    if (status === 0) {
      await ostreeFsck(client);
      assert.equal(await treeListing(client, to), await treeListing(path, to));
    }
    return status === 0;
  };
  assert.equal(await pull('before', [from]), false);
  const report = JSON.parse(await mustTreeport([...maintainWords(path, join(folder, 'both')), '--json']));
  assert.deepEqual(
    report.deltas.map((delta: Record<string, unknown>) => [delta.action, delta.from, delta.to]),
    [
      ['make', null, to],
      ['make', from, to],
    ],
  );
  assert.ok(await pull('new', []));
  assert.ok(await pull('old', [from]));
  const lines = await mustTreeport(maintainWords(path, join(folder, 'scratch')));
  assert.match(
    lines,
    new RegExp(`^keep ${to}: listed for os \\(.* % less; \\d+ requests instead of \\d+\\)$`, 'm'),
  );
  assert.match(lines, new RegExp(`^drop ${from}-${to}: the policy does not list it`, 'm'));
  assert.ok(!existsSync(join(path, superblockPath({ from: commits[0], to: commits[1] as Checksum }))));
  assert.ok(await pull('after', []));
});
