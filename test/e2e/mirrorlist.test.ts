/**
 * Clients with a list of mirrors go on to the next one when the first refuses an object. libostree with curl
 * keeps the body of the refusal and appends the next mirror's bytes to it, so refusals must not have one.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { commitDirectory, initRepo, listTree, REF, unshare } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { Client } from './support/client.ts';
import { must } from './support/run.ts';
import { atEnd, tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessInstalled('ostree');
const timeout = 60_000;

const refusals = {
  missing: (path: string) => rmSync(path),
  corrupt: (path: string) => {
    unshare(path);
    writeFileSync(path, 'other\n');
  },
};

for (const [what, spoil] of Object.entries(refusals)) {
  test(`what the first mirror refuses as ${what} comes from the second`, { skip, timeout }, async (t) => {
    const folder = await tempDir(t);
    const tree = join(folder, 'tree');
    await mkdir(tree);
    writeFileSync(join(tree, 'file'), 'right\n');
    const whole = await initRepo(join(folder, 'whole'), 'bare-user');
    const commit = await commitDirectory(whole, tree);
    const spoilt = join(folder, 'spoilt');
    await must(['cp', '-a', whole, spoilt]);
    const id = (await listTree(whole, commit)).find(({ path }) => path === '/file')?.checksum ?? '';
    spoil(join(spoilt, 'objects', id.slice(0, 2), `${id.slice(2)}.file`));

    const [first, second] = [await serve(t, spoilt), await serve(t, whole)];
    const list = await serveText(t, `${first.repo}\n${second.repo}\n`);
    const client = await Client.create(folder, `mirrorlist=${list}`);
    await client.pull(REF);
    assert.equal(await client.revision(REF), commit);
    await client.fsck();
    assert.ok(first.output().includes(id), 'the first mirror was asked, and logs why it refuses');
  });
}

async function serveText(t: TestContext, text: string): Promise<string> {
  const server = createServer((_request, response) => response.end(text)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  atEnd(t, async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
