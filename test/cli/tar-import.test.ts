import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { must, mustTreeport, run, TREEPORT, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { FIXTURE_REF, fixtureObject, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';

test('errors about a tar stream name its file, or stdin', { skip: unlessInstalled('ostree') }, async (t) => {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  await writeOstreeFixture(repo);
  const file = join(folder, 'broken.tar');
  writeFileSync(file, Buffer.alloc(2048, 'no tar '));
  const words = ['tar', 'import', '--repo', repo];
  const what = 'the tar stream is malformed: a header has a wrong checksum (entry at byte 0, uncompressed)\n';
  const named = await treeport([...words, file]);
  assert.equal(named.stderr, `treeport: ERR_TAR: ${file}: ${what}`);
  const piped = await run([...TREEPORT, ...words], { input: Buffer.alloc(2048, 'no tar ') });
  assert.equal(piped.stderr, `treeport: ERR_TAR: stdin: ${what}`);
});

test('errors about an object say at which byte of the stream its entry begins', {
  skip: unlessInstalled('ostree'),
}, async (t) => {
  const folder = await tempDir(t);
  const [repo, copy, file] = [join(folder, 'repo'), join(folder, 'copy'), join(folder, 'commit.tar')];
  await writeOstreeFixture(repo);
  await must(['ostree', 'init', '--mode=bare-user', `--repo=${copy}`]);
  await mustTreeport(['tar', 'export', '--repo', repo, '--output', file, FIXTURE_REF]);
  const bytes = readFileSync(file);
  const bash = fixtureObject('/usr/bin/bash');
  const path = `sysroot/ostree/repo/objects/${bash.slice(0, 2)}/${bash.slice(2)}.file`;
  const header = bytes.indexOf(`${path}\0`);
  assert.equal(header % 512, 0);
  bytes[header + 512] = (bytes[header + 512] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const { stderr } = await treeport(['tar', 'import', '--quiet', '--repo', copy, file]);
  const [, where] =
    /^treeport: ERR_OBJECT_CORRUPT: (.*\.tar): object \w+\.file is corrupt: /.exec(stderr) ?? [];
  assert.equal(where, file, stderr);
  assert.ok(stderr.endsWith(` (entry at byte ${header}, uncompressed)\n`), stderr);
});
