/** An image of component layers is the commit, for GNU tar and ostree, under every packing. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { commitHistory, debianTree } from '../support/package-trees.ts';
import { unlessInstalled } from '../support/programs.ts';
import { readLayout, unpack } from './support/layout.ts';
import { must, mustTreeport, TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const LISTS = { a: ['/usr/bin/a', '/etc/a'], b: ['/usr/bin/b'], c: ['/usr/bin/c'] };
const FILES = {
  'usr/bin/a': 'a'.repeat(100_000),
  'usr/bin/b': 'bb',
  'usr/bin/c': 'ccc',
  'usr/bin/empty': '',
  'usr/bin/link': { to: 'a' },
  'usr/etc/a': 'conf',
  'usr/own': 'own',
};

test('component layers on top of each other are the commit, on one core as on all', {
  skip: unlessInstalled('ostree', 'tar', 'taskset'),
  timeout: 300_000,
}, async (t) => {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  const [commit = ''] = await commitHistory(repo, [debianTree(LISTS, FILES)]);
  const words = (name: string, ...options: readonly string[]) => [
    ...['container', 'encapsulate', '--quiet', '--repo', repo, ...options, commit],
    `oci:${join(folder, name)}`,
  ];
  const listings = new Set<string>();
  for (const [name, ...options] of [
    ['stable'],
    ['compatible', '--packing', 'compatible', '--format-version', '1'],
    ['single', '--packing', 'single'],
  ] as const) {
    const digest = (await mustTreeport(words(name, ...options))).trim();
    const again = await must(['taskset', '-c', '0', ...TREEPORT, ...words(`${name}-one-core`, ...options)]);
    assert.equal(again.trim(), digest, name);
    const root = join(folder, `${name}-root`);
    await unpack(readLayout(join(folder, name)).layers, root);
    const embedded = join(root, 'sysroot/ostree/repo');
    await must(['ostree', `--repo=${embedded}`, 'fsck', '--quiet', '--all']);
    const copy = join(folder, `${name}-copy`);
    await must(['ostree', `--repo=${copy}`, 'init', '--mode=archive']);
    await must(['ostree', `--repo=${copy}`, 'pull-local', '--untrusted', embedded, commit]);
    await must(['ostree', `--repo=${copy}`, 'fsck', '--quiet', '--all']);
    const files = await must([
      'find',
      root,
      '-path',
      `${root}/sysroot`,
      '-prune',
      '-o',
      '-type',
      'f',
      '-printf',
      '%P %s %m %U\n',
    ]);
    listings.add(files.split('\n').toSorted().join('\n'));
  }
  assert.equal(listings.size, 1, 'every packing unpacks to the same files');
});
