/** Exports of real repositories, served by nginx as docs/publishing.md says, and killed at random. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { unlessLibostree } from '../support/libostree.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { projectText } from '../support/project.ts';
import { Client } from './support/client.ts';
import { makeGpgKey, stopAgent } from './support/gpg.ts';
import { eventually, start } from './support/processes.ts';
import { must, mustTreeport, run, treeport } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';

const skip = unlessLibostree() || unlessInstalled('ostree', 'nginx', 'gpg', 'curl');
const FILES = 300;
const KILLS = 12;

/** A signed bare-user repository with two commits, a delta and a signed summary. */
async function makeSource(t: TestContext) {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'bare-user');
  const tree = join(folder, 'tree');
  await mkdir(tree);
  for (let file = 0; file < FILES; file += 1)
    await writeFile(join(tree, `file-${file}`), `content ${file}`.repeat(file * 10));
  await commitDirectory(repo, tree);
  await writeFile(join(tree, 'file-1'), 'other content');
  const commit = await commitDirectory(repo, tree);
  const gpg = await makeGpgKey(folder);
  atEnd(t, () => stopAgent(gpg.home));
  const key = ['--gpg-sign', gpg.id, '--gpg-homedir', gpg.home];
  await mustTreeport(['sign', 'commit', '--repo', repo, REF, ...key]);
  for (const words of [[REF], ['--empty', REF]])
    await must(['ostree', `--repo=${repo}`, 'static-delta', 'generate', ...words]);
  const update = () => mustTreeport(['summary', 'update', '--repo', repo, ...key]);
  await update();
  return { folder, repo, tree, commit, gpg, update };
}

/** nginx with the documented site, over the folder that has `repo`. */
async function startNginx(t: TestContext, folder: string, root: string): Promise<string> {
  const site = /```nginx\n([^`]+)```/.exec(projectText('docs/publishing.md'))?.[1];
  assert.ok(site);
  const address = `127.0.0.1:${await freePort()}`;
  const own = join(folder, 'nginx');
  await mkdir(join(own, 'tmp'), { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path tmp;\n`,
  );
  const http = site.replace('listen 8081', `listen ${address}`).replace('root /srv/www', `root ${root}`);
  const text = `user root;\npid ${own}/pid;\nevents {}\nhttp {\naccess_log off;\n${temporary.join('')}${http}}\n`;
  await writeFile(join(own, 'nginx.conf'), text);
  start(t, [
    'nginx',
    '-p',
    own,
    '-e',
    join(own, 'error.log'),
    '-c',
    join(own, 'nginx.conf'),
    '-g',
    'daemon off;',
  ]);
  await eventually(`${address} is ready`, async () => {
    const { status } = await run(['curl', '--fail', '--silent', `http://${address}/repo/config`]);
    return status === 0 || undefined;
  });
  return `http://${address}/repo`;
}

test('clients that verify everything pull an export from nginx', { skip, timeout: 300_000 }, async (t) => {
  const { folder, repo, tree, commit, gpg, update } = await makeSource(t);
  const root = join(folder, 'www');
  const directory = join(root, 'repo');
  await mustTreeport(['repo', 'export', '--repo', repo, directory]);
  await must(['ostree', `--repo=${directory}`, 'fsck', '--quiet']);
  const url = await startNginx(t, folder, root);
  for (const words of [['--disable-static-deltas'], ['--require-static-deltas']]) {
    const client = await Client.create(folder, url, { publicKey: gpg.publicKey, verifySummary: true });
    await client.pull(...words, REF);
    assert.equal(await client.revision(REF), commit);
    await client.fsck();
  }
  const headers = await must(['curl', '--silent', '--head', `${url}/summary`]);
  assert.match(headers, /Cache-Control: no-cache/i);

  // The next export: only what is new, in the order of upload.
  await writeFile(join(tree, 'file-2'), 'third content');
  const third = await commitDirectory(repo, tree);
  await update();
  const list = (await mustTreeport(['repo', 'export', '--repo', repo, '--list', directory])).split('\n');
  assert.deepEqual(list.slice(-2), ['summary.sig', 'summary']);
  assert.ok(list.every((path) => existsSync(join(directory, path))));
  const client = await Client.create(folder, url, { publicKey: gpg.publicKey, verifySummary: true });
  // The third commit is not signed.
  await client.ostree('config', 'set', 'remote "mirror".gpg-verify', 'false');
  await client.pull(REF);
  assert.equal(await client.revision(REF), third);
  await client.fsck();
});

test('an export that is killed shows nothing half-made, and the next goes on', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { folder, repo, commit } = await makeSource(t);
  const directory = join(folder, 'export');
  const words = ['repo', 'export', '--repo', repo, directory];
  const begun = Date.now();
  await mustTreeport(words);
  const whole = Date.now() - begun;
  await rm(directory, { recursive: true });
  for (let kill = 0; kill < KILLS; kill += 1) {
    await treeport(words, { timeout: 1 + randomInt(whole) });
    if (!existsSync(join(directory, 'refs/heads', REF))) continue;
    // A ref that is there has all its objects.
    await must(['ostree', `--repo=${directory}`, 'fsck', '--quiet']);
  }
  await mustTreeport(words);
  await must(['ostree', `--repo=${directory}`, 'fsck', '--quiet']);
  assert.equal(await must(['ostree', `--repo=${directory}`, 'rev-parse', REF]), commit);
  // What those that were killed had begun to write.
  const left = await readdir(join(directory, 'tmp'));
  assert.ok(!left.some((name) => name.startsWith('.treeport')), left.join());
});
