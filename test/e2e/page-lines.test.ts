/**
 * The commands that the page shows are run by ostree clients of two generations, with the publisher's key in
 * the place of the example's. Debian's ostree is built without ed25519: there the page says what its answer
 * means.
 */
import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { unlessLibostree } from '../support/libostree.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { makeGpgKey, stopAgent } from './support/gpg.ts';
import { newerOstree } from './support/newer-ostree.ts';
import { must, mustTreeport } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessLibostree() || unlessInstalled('ostree', 'gpg');
const NOT_BUILT = 'Requested signature type is not implemented';

type Ostree = (words: readonly string[]) => Promise<string>;

/** This machine's, and Debian 13's if there is one. */
async function clients(t: TestContext, folder: string): Promise<readonly (readonly [string, Ostree])[]> {
  const newer = await newerOstree();
  if ('obstacle' in newer) t.diagnostic(`only this machine's ostree: ${newer.obstacle}`);
  return [
    ['here', (words) => must(['ostree', ...words])],
    ...('obstacle' in newer
      ? []
      : [['newer', (words: readonly string[]) => newer.ostree(folder, words)] as const]),
  ];
}

async function makeSource(t: TestContext) {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  const tree = join(folder, 'tree');
  await mkdir(tree);
  await writeFile(join(tree, 'file'), 'content');
  return { folder, repo, commit: await commitDirectory(repo, tree) };
}

async function pageOf(origin: string): Promise<string> {
  return (await fetch(`${origin}/repo`)).text();
}

/** The words after `ostree` of the lines for that client. */
function ostreeLines(page: string): readonly (readonly string[])[] {
  const [, text] = /<h3>ostree<\/h3>\s*<pre[^>]*><code>([^<&]*)<\/code>/.exec(page) ?? [];
  assert.ok(text, page);
  return text.split('\n').map((line) => line.split(' ').slice(1));
}

/** Runs the lines with a new repository; gives the commit of the ref. */
async function follow(
  ostree: Ostree,
  repo: string,
  lines: readonly (readonly string[])[],
  [example, key]: readonly [string, string],
): Promise<string> {
  await ostree(['init', '--mode=bare-user', `--repo=${repo}`]);
  for (const words of lines)
    await ostree([...words.map((word) => word.replace(example, key)), `--repo=${repo}`]);
  return ostree(['rev-parse', `--repo=${repo}`, `mirror:${REF}`]);
}

test('the lines for GPG demand the signature', { skip, timeout: 400_000 }, async (t) => {
  const { folder, repo, commit } = await makeSource(t);
  const [gpg, otherFolder] = [await makeGpgKey(folder), await tempDir(t)];
  const other = await makeGpgKey(otherFolder);
  for (const { home } of [gpg, other]) atEnd(t, () => stopAgent(home));
  await copyFile(other.publicKey, join(folder, 'other.gpg'));
  await mustTreeport([
    ...['sign', 'commit', '--repo', repo, REF, '--gpg-sign', gpg.id, '--gpg-homedir', gpg.home],
  ]);
  const { origin } = await serve(t, repo);
  const lines = ostreeLines(await pageOf(origin));
  for (const [name, ostree] of await clients(t, folder)) {
    const at = (client: string) => join(folder, `${client}-${name}`);
    assert.equal(await follow(ostree, at('good'), lines, ['KEY.gpg', gpg.publicKey]), commit);
    await assert.rejects(
      follow(ostree, at('other'), lines, ['KEY.gpg', join(folder, 'other.gpg')]),
      /public key not found/,
    );
  }
});

test('the lines for ed25519 demand the signature, if the client knows it', {
  skip,
  timeout: 400_000,
}, async (t) => {
  const { folder, repo, commit } = await makeSource(t);
  const [key, other] = [join(folder, 'key'), join(folder, 'other')];
  for (const file of [key, other]) await mustTreeport(['sign', 'keygen', file]);
  await mustTreeport(['sign', 'commit', '--repo', repo, REF, '--keys-file', key]);
  const { origin } = await serve(t, repo);
  const page = await pageOf(origin);
  const example = '/PATH/TO/KEY.ed25519.pub';
  const lines = ostreeLines(page);
  assert.ok(lines[0]?.includes(`--sign-verify=ed25519=file:${example}`), page);
  for (const [name, ostree] of await clients(t, folder)) {
    const pulled = await follow(ostree, join(folder, name), lines, [example, `${key}.pub`]).catch(String);
    if (pulled.includes(NOT_BUILT)) {
      t.diagnostic(`${name}: ${NOT_BUILT}`);
      assert.ok(page.includes(NOT_BUILT), page);
      continue;
    }
    assert.equal(pulled, commit);
    await assert.rejects(follow(ostree, join(folder, `other-${name}`), lines, [example, `${other}.pub`]));
  }
});
