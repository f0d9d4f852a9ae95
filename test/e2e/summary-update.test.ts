import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { dictString, stringVariant } from '../../src/ostree/metadata-dict.ts';
import { parseSummary, serializeSummary } from '../../src/ostree/summary.ts';
import { unlessLibostree } from '../support/libostree.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { makeGpgKey, stopAgent } from './support/gpg.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';

const skip = unlessLibostree() || unlessInstalled('ostree', 'gpg', 'python3');

async function makeSource(t: TestContext) {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  const tree = join(folder, 'tree');
  await must(['mkdir', '-p', tree]);
  await writeFile(join(tree, 'file'), 'content');
  const commit = await commitDirectory(repo, tree);
  return { folder, repo, tree, commit };
}

async function refuses(words: readonly string[], ...parts: readonly string[]) {
  const { status, stderr } = await treeport(words);
  assert.notEqual(status, 0, stderr);
  for (const part of parts) assert.ok(stderr.includes(part), stderr);
}

test('a summary signed by GPG and ed25519 satisfies a client that demands it', { skip }, async (t) => {
  const { folder, repo, tree, commit } = await makeSource(t);
  const gpg = await makeGpgKey(folder);
  atEnd(t, () => stopAgent(gpg.home));
  const secret = join(folder, 'key');
  await mustTreeport(['sign', 'keygen', secret]);
  await writeFile(join(tree, 'file'), 'other content');
  const second = await commitDirectory(repo, tree);
  await must(['ostree', `--repo=${repo}`, 'static-delta', 'generate', REF]);
  const update = ['summary', 'update', '--repo', repo];
  const keys = ['--sign', `ed25519=file:${secret}`, '--gpg-sign', gpg.id, '--gpg-homedir', gpg.home];
  const shown = await mustTreeport([...update, ...keys]);
  assert.equal(shown, 'the summary lists 1 ref and 1 delta, and has 2 signatures');
  const summary = parseSummary(await readFile(join(repo, 'summary')));
  assert.deepEqual(
    summary.refs.map(({ name, commit: of }) => [name, of]),
    [[REF, second]],
  );
  await mustTreeport(['sign', 'verify', '--repo', repo, '--summary', '--keys-file', `${secret}.pub`]);
  assert.ok(existsSync(join(repo, 'delta-indexes')));

  const client = await initRepo(join(folder, 'client'), 'bare-user');
  const remote = ['remote', 'add', '--set=gpg-verify=false', '--set=gpg-verify-summary=true'];
  const url = `file://${repo}`;
  await must(['ostree', `--repo=${client}`, ...remote, `--gpg-import=${gpg.publicKey}`, 'os', url]);
  await must(['ostree', `--repo=${client}`, 'pull', 'os', REF]);
  assert.equal(await must(['ostree', `--repo=${client}`, 'rev-parse', `os:${REF}`]), second);
  assert.notEqual(second, commit);

  // A remote of the repository itself: the options for summaries.
  await must(['ostree', `--repo=${repo}`, ...remote, `--gpg-import=${gpg.publicKey}`, 'os', 'https://x']);
  const verified = await mustTreeport(['sign', 'verify', '--repo', repo, '--summary', '--remote', 'os']);
  assert.ok(verified.startsWith(`good  gpg  key ${gpg.id}`), verified);

  await refuses(update, 'ERR_SUMMARY_SIGNED', '--unsigned');
  await mustTreeport([...update, '--unsigned']);
  assert.equal(existsSync(join(repo, 'summary.sig')), false);
  const failing = ['--sign', 'ed25519=command:exit 1'];
  await mustTreeport(['sign', 'summary', '--repo', repo, '--keys-file', secret]);
  const before = await readFile(join(repo, 'summary.sig'));
  await refuses([...update, ...failing], 'ERR_SIGN_COMMAND');
  assert.deepEqual(await readFile(join(repo, 'summary.sig')), before);
  await mustTreeport(['sign', 'verify', '--repo', repo, '--summary', '--keys-file', `${secret}.pub`]);
});

test('keys of others in the summary stay', { skip }, async (t) => {
  const { repo } = await makeSource(t);
  const update = ['summary', 'update', '--repo', repo];
  await mustTreeport(update);
  const path = join(repo, 'summary');
  const { refs, metadata } = parseSummary(await readFile(path));
  await writeFile(
    path,
    serializeSummary({ refs, metadata: new Map([...metadata, ['xa.title', stringVariant('Apps')]]) }),
  );
  await mustTreeport(update);
  assert.equal(dictString(parseSummary(await readFile(path)).metadata, 'xa.title'), 'Apps');
});

test('bad specifications of keys', { skip }, async (t) => {
  const { folder, repo } = await makeSource(t);
  const update = ['summary', 'update', '--repo', repo, '--sign'];
  for (const text of ['ed25519', 'ed25519=PATH', 'rsa=file:x', 'gpg=file:x'])
    await refuses([...update, text], 'ERR_USAGE', '--sign');
  await refuses([...update, `ed25519=file:${folder}/none`], 'ERR_SIGNING_KEY', `${folder}/none`);
  assert.equal(existsSync(join(repo, 'summary')), false);
});
