/**
 * Signing is killed at moments of chance: every file that clients see is whole, the signatures that were
 * there are still valid, and another run finishes. Each round kills four verbs: TREEPORT_SIGN_KILLS=13 makes
 * a longer run, KILL_SEED repeats one as far as moments can be repeated.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { checksumOf } from '../../src/ostree/checksum.ts';
import {
  indexSignaturePlaces,
  parseFlatpakIndex,
  parseSubSummary,
  subSummaryPath,
} from '../../src/ostree/flatpak/index-file.ts';
import { parseDict } from '../../src/ostree/metadata-dict.ts';
import { parseSummary } from '../../src/ostree/summary.ts';
import { Random } from '../gvariant/random.ts';
import { unlessLibostree } from '../support/libostree.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { killAtChange } from './support/kill-at-change.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const KILLS = Number(process.env.TREEPORT_SIGN_KILLS ?? 2);
const SEED = Number(process.env.KILL_SEED ?? randomInt(2 ** 31));
/** More than the longest of the verbs makes. */
const MOST_CHANGES = 24;

/** All documents of a flatpak repository that clients read parse, and what they lead to is there. */
function assertWhole(repo: string): void {
  const read = (path: string) => (existsSync(join(repo, path)) ? readFileSync(join(repo, path)) : undefined);
  parseSummary(read('summary') ?? assert.fail('the summary is gone'));
  const index = read('summary.idx') ?? assert.fail('the index is gone');
  for (const sub of parseFlatpakIndex(index))
    parseSubSummary(read(subSummaryPath(sub.checksum)) ?? assert.fail(`${sub.name} is missing`), sub);
  for (const path of ['summary.sig', ...indexSignaturePlaces(checksumOf(index))]) {
    const bytes = read(path);
    if (bytes !== undefined) parseDict(bytes);
  }
}

test(`signing that is killed, seed ${SEED}`, {
  skip: unlessLibostree() || unlessInstalled('ostree', 'flatpak'),
  timeout: 3_600_000,
}, async (t) => {
  const folder = await tempDir(t);
  const random = new Random(SEED);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  const tree = join(folder, 'tree');
  await must(['mkdir', '-p', tree]);
  const file = join(tree, 'file');
  await writeFile(file, 'content');
  await commitDirectory(repo, tree);
  await must(['flatpak', 'build-update-repo', repo]);
  const [former, key] = [join(folder, 'former'), join(folder, 'key')];
  for (const each of [former, key]) await mustTreeport(['sign', 'keygen', each]);
  const detached = (commit: string) =>
    join(repo, `objects/${commit.slice(0, 2)}/${commit.slice(2)}.commitmeta`);
  const verify = (by: string, ...what: readonly string[]) =>
    mustTreeport(['sign', 'verify', '--repo', repo, '--keys-file', `${by}.pub`, ...what]);
  const count = { done: 0, killed: 0 };
  for (let kill = 0; kill < KILLS; kill += 1) {
    await writeFile(file, `content ${kill}`);
    const commit = await commitDirectory(repo, tree);
    const update = ['summary', 'update', '--quiet', '--repo', repo, '--sign', `ed25519=file:${former}`];
    const sign = (what: readonly string[]) => ['sign', ...what, '--repo', repo, '--keys-file', key];
    const killed = async (words: readonly string[]) => {
      const { isDone } = await killAtChange(words, [repo], 1 + random.below(MOST_CHANGES));
      count[isDone ? 'done' : 'killed'] += 1;
      assertWhole(repo);
    };

    await killed(update);
    await mustTreeport(update);
    await verify(former, '--summary');

    await killed(sign(['summary']));
    await verify(former, '--summary');
    await mustTreeport(sign(['summary']));
    await verify(key, '--summary');

    const remove = ['sign', 'delete', '--repo', repo, '--summary', '--key'];
    const publicKey = readFileSync(`${key}.pub`, 'utf8').trim();
    await killed([...remove, publicKey]);
    await verify(former, '--summary');
    await mustTreeport(sign(['summary']));
    await mustTreeport([...remove, publicKey]);
    await assert.rejects(verify(key, '--summary'), /ERR_SIGNATURE/);
    await verify(former, '--summary');

    await killed(sign(['commit', commit]));
    if (existsSync(detached(commit))) parseDict(readFileSync(detached(commit)));
    await mustTreeport(sign(['commit', REF]));
    await verify(key, REF);
  }
  t.diagnostic(JSON.stringify(count));
  await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet']);
});
