import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { run, TREEPORT, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';
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
