/** What `ostree pull` gets over a slow link by default, with and without a cache. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { overLink } from '../../bench/link/start-link.ts';
import { commitDirectory, initRepo, REF } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';
import { Client } from './support/client.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessInstalled('ostree');
const timeout = 300_000;
const LINK = { name: '8 Mbit/s', speed: { bytesPerSecond: 1_000_000, delayMs: 5 } };
const SMALL = { count: 60, bytes: 60_000 };
const LARGE_BYTES = 6_000_000;
const ALL_MB = (SMALL.count * SMALL.bytes + LARGE_BYTES) / 1e6;

for (const cache of [false, true]) {
  const how = cache ? 'with a cold cache' : 'without a cache';
  test(`a pull over a slow link is compressed ${how}`, { skip, timeout }, async (t) => {
    const folder = await tempDir(t);
    const tree = join(folder, 'tree');
    await mkdir(tree);
    // Hexadecimal digits: half of their bits are redundant.
    for (let index = 0; index < SMALL.count; index++) {
      await writeFile(join(tree, `small-${index}`), randomBytes(SMALL.bytes / 2).toString('hex'));
    }
    await writeFile(join(tree, 'large'), randomBytes(LARGE_BYTES / 2).toString('hex'));
    const path = await initRepo(join(folder, 'repo'), 'bare');
    const commit = await commitDirectory(path, tree);
    const { origin } = await serve(t, path, cache ? { words: ['--cache-dir', join(folder, 'cache')] } : {});
    const { usage } = await overLink(LINK, origin, async (linked) => {
      const client = await Client.create(folder, `${linked}/repo`);
      await client.pull('--disable-static-deltas', REF);
      assert.equal(await client.revision(REF), commit);
      await client.fsck();
    });
    // The first objects are sent as they are: how the link takes them shows that it is slow.
    assert.ok((usage?.downMB ?? 0) < ALL_MB * 0.8, `${usage?.downMB} of ${ALL_MB} MB`);
  });
}
