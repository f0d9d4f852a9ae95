import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { containerPath, objectPath, REPO_CONFIG, repoDirectories } from '../../src/tar/layout.ts';
import { repeatedChecksum } from '../support/checksums.ts';

test('the config is the one of the format', () => {
  const digest = createHash('sha256').update(REPO_CONFIG).digest('hex');
  assert.equal(digest, '156a18a80ebe599c0682116489bbed7921fec09757dd96e5bf9827f25015f881');
});

test('directories come before what lies in them', () => {
  const directories = repoDirectories();
  assert.equal(directories.length, 268);
  const seen = new Set<string>();
  for (const path of directories) {
    const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    assert.ok(parent === '' || seen.has(parent), path);
    seen.add(path);
  }
  assert.equal(directories[4], 'sysroot/ostree/repo/objects/00');
  assert.equal(directories[259], 'sysroot/ostree/repo/objects/ff');
});

test('object paths', () => {
  assert.equal(
    objectPath(repeatedChecksum('ab'), 'file'),
    `sysroot/ostree/repo/objects/ab/${'ab'.repeat(31)}.file`,
  );
});

test('only usr/etc itself becomes etc', () => {
  const paths = ['usr/etc', 'usr/etc/a/b', 'usr/etcetera', 'etc', 'opt/usr/etc'];
  assert.deepEqual(paths.map(containerPath), ['etc', 'etc/a/b', 'usr/etcetera', 'etc', 'opt/usr/etc']);
});
