/** Codes of errors that a server meets: clients get a status, the log has the code. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseSuperblock, partPath } from '../../src/delta/static/superblock.ts';
import { checksumToBytes } from '../../src/ostree/checksum.ts';
import { superblockPath } from '../../src/ostree/delta-name.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { freePort } from '../support/free-port.ts';
import { commitDirectory, initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { NEW, virtualServer } from '../support/virtual-server.ts';
import { eventually, start } from './support/processes.ts';
import { TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessInstalled('ostree');
const timeout = 300_000;

test('no commit that can be read: 500 for the summary, the code in the log', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const repo = await initRepo(join(folder, 'repo'), 'archive');
  mkdirSync(join(folder, 'tree'));
  const commit = await commitDirectory(repo, join(folder, 'tree'));
  rmSync(join(repo, loosePath(commit, 'commit')));
  const address = `127.0.0.1:${await freePort()}`;
  const server = start(t, [...TREEPORT, 'serve', '--repo', repo, '--listen', address]);
  const answer = await eventually('an answer', () => fetch(`http://${address}/repo/summary`));
  assert.equal(answer.status, 500);
  await eventually('the code', () => server.output().includes('"ERR_REFS_UNREADABLE"') || undefined);
});

test('a virtual delta with a part that comes out differently is withdrawn, the code is in the log', {
  timeout,
}, async (t) => {
  const change = (superblock: Buffer) => {
    const [part] = parseSuperblock(superblock).parts;
    const changed = Buffer.from(superblock);
    const at = changed.indexOf(checksumToBytes(part?.checksum ?? assert.fail()));
    changed.writeUInt8((changed[at] ?? 0) ^ 1, at);
    return changed;
  };
  const { repo, to } = await virtualServer(t, 'lan', { change });
  const serving = await serve(t, repo.path, { words: ['--virtual-deltas', 'lan'] });
  const name = { from: undefined, to };
  const superblock = async () =>
    (await fetch(`${serving.repo}/${superblockPath(name)}`, { headers: NEW })).status;
  assert.equal(await superblock(), 200);
  const part = await fetch(`${serving.repo}/${partPath(name, 0)}`);
  await assert.rejects(part.arrayBuffer());
  await eventually('the code', () => serving.output().includes('"ERR_VIRTUAL_DELTA"') || undefined);
  assert.equal(await superblock(), 404);
});
