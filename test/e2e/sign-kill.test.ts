import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { parseDict } from '../../src/ostree/metadata-dict.ts';
import { parseSummary } from '../../src/ostree/summary.ts';
import { unlessLibostree } from '../support/libostree.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const KILLS = 12;
/** Start-up and signing together. */
const LONGEST_MS = 700;
const skip = unlessLibostree() || unlessInstalled('ostree');

test('signing that is killed leaves whole files, and a rerun finishes', { skip }, async (t) => {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  const tree = join(folder, 'tree');
  await must(['mkdir', '-p', tree]);
  await writeFile(join(tree, 'file'), 'content');
  const commit = await commitDirectory(repo, tree);
  const secret = join(folder, 'key');
  await mustTreeport(['sign', 'keygen', secret]);
  const detached = join(repo, `objects/${commit.slice(0, 2)}/${commit.slice(2)}.commitmeta`);
  const sign = ['sign', 'commit', '--repo', repo, REF, '--keys-file', secret];
  const update = ['summary', 'update', '--repo', repo, '--sign', `ed25519=file:${secret}`];
  for (let kill = 0; kill < KILLS; kill += 1) {
    await treeport(kill % 2 === 0 ? sign : update, { timeout: 1 + randomInt(LONGEST_MS) });
    if (existsSync(detached)) parseDict(await readFile(detached));
    if (existsSync(join(repo, 'summary'))) parseSummary(await readFile(join(repo, 'summary')));
    if (existsSync(join(repo, 'summary.sig'))) parseDict(await readFile(join(repo, 'summary.sig')));
    assert.equal(await must(['ostree', `--repo=${repo}`, 'rev-parse', REF]), commit);
  }
  await mustTreeport(sign);
  await mustTreeport(update);
  const verify = ['sign', 'verify', '--repo', repo, '--keys-file', `${secret}.pub`];
  await mustTreeport([...verify, REF]);
  await mustTreeport([...verify, '--summary']);
  await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet']);
});
