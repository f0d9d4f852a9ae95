/** Against what flatpak itself writes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  parseFlatpakIndex,
  parseSubSummary,
  subSummaryPath,
} from '../../../src/ostree/flatpak/index-file.ts';
import { buildSubSummaries, entryOfSubSummary } from '../../../src/ostree/flatpak/sub-summary.ts';
import { listOfferedRefs } from '../../../src/ostree/offered-refs.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled } from '../../support/programs.ts';

const EXTRA = `[Extra Data]\nname=data\nchecksum=${'a'.repeat(64)}\nsize=1234567\ninstalled-size=7654321\nuri=http://registry.example.com/data\n`;
/** Each with other keys, in the order of GLib's hash table. */
const BRANCHES: Readonly<Record<string, readonly string[]>> = {
  plain: [],
  over: ['--end-of-life=over'],
  moved: ['--end-of-life-rebase=org.example.New', '--token-type=2', '--subset=free', '--subset=other'],
  extra: ['extra'],
  all: ['extra', '--end-of-life=over', '--end-of-life-rebase=org.example.New', '--token-type=0'],
  most: ['extra', '--end-of-life=over', '--token-type=2'],
};

test("sub-summaries are flatpak's, byte for byte", {
  skip: unlessInstalled('flatpak', 'ostree'),
}, async (t) => {
  const folder = await tempDir(t);
  const [path, app] = [join(folder, 'repo'), join(folder, 'app')];
  for (const directory of ['files/bin', 'export']) await mkdir(join(app, directory), { recursive: true });
  await writeFile(join(app, 'files/bin/hello'), 'hello'.repeat(1000));
  const platform = `org.example.Platform/${await must(['flatpak', '--default-arch'])}/1`;
  const metadata = `[Application]\nname=org.example.App\nruntime=${platform}\nsdk=${platform}\ncommand=hello\n`;
  for (const [branch, words] of Object.entries(BRANCHES)) {
    await writeFile(join(app, 'metadata'), words.includes('extra') ? `${metadata}${EXTRA}` : metadata);
    const options = words.filter((word) => word !== 'extra');
    await must(['flatpak', 'build-export', '--disable-sandbox', ...options, path, app, branch]);
  }
  await must(['flatpak', 'build-export', '--disable-sandbox', '--arch=i386', path, app, 'plain']);
  await must(['flatpak', 'build-update-repo', '--no-update-appstream', path]);

  const refs = await listOfferedRefs(await openRepository(path));
  const ours = [...buildSubSummaries(refs)].map(([name, bytes]) => [name, bytes.toString('base64')]);
  const subs = parseFlatpakIndex(readFileSync(join(path, 'summary.idx')));
  const theirs = subs.map(({ name, checksum }) => [
    name,
    gunzipSync(readFileSync(join(path, subSummaryPath(checksum)))).toString('base64'),
  ]);
  assert.deepEqual(ours, theirs);
  assert.equal(ours.length, 6);

  const [sub] = subs;
  assert.ok(sub !== undefined);
  for (const listed of parseSubSummary(readFileSync(join(path, subSummaryPath(sub.checksum))), sub)) {
    const known = refs.find(({ name }) => name === listed.name)?.flatpak;
    assert.ok(known !== undefined);
    const read = entryOfSubSummary(listed);
    assert.deepEqual(new Map(read?.sparse), new Map(known.sparse));
    assert.deepEqual({ ...read, sparse: [] }, { ...known, sparse: [], subsets: [] });
  }
});
