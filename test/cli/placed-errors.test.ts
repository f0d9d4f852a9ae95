import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { loosePath } from '../../src/ostree/object-name.ts';
import { treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { FIXTURE_REF, fixtureObject, writeOstreeFixture } from '../support/ostree-fixture.ts';

test('an error about an object gives a path that uses it, and the next command', async (t) => {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  await writeOstreeFixture(repo);
  const bash = fixtureObject('/usr/bin/bash');
  const object = join(repo, loosePath(bash, 'filez'));
  const verbs = [
    ['container', 'encapsulate', '--repo', repo, FIXTURE_REF, `oci:${join(folder, 'image')}`],
    ['tar', 'export', '--repo', repo, '--output', join(folder, 'tar'), FIXTURE_REF],
  ];
  const next = `; /usr/bin/bash uses it; \`treeport repo fsck --repo ${repo}\` lists all bad objects\n`;
  const spoil = {
    ERR_OBJECT_CORRUPT: () => writeFileSync(object, 'x'.repeat(50)),
    ERR_OBJECT_MISSING: () => rmSync(object),
  };
  for (const [code, make] of Object.entries(spoil)) {
    make();
    for (const words of verbs) {
      const { stderr } = await treeport(words);
      assert.ok(stderr.startsWith(`treeport: ${code}: object ${bash}.file`), stderr);
      assert.ok(stderr.endsWith(next), stderr);
    }
  }
});
