/** Against what flatpak itself writes. */
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { type Variant, variant } from '../../../src/gvariant/index.ts';
import { flatpakCache, flatpakEntry } from '../../../src/ostree/flatpak/cache.ts';
import { stringVariant } from '../../../src/ostree/metadata-dict.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { parseSummary, serializeSummary } from '../../../src/ostree/summary.ts';
import { buildSummary } from '../../../src/ostree/summary-build.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { unlessInstalled } from '../../support/programs.ts';

test('a repository without apps and runtimes has no keys of flatpak', () => {
  assert.equal(flatpakCache([]).size, 0);
  assert.equal(flatpakEntry(new Map([['xa.metadata', stringVariant('')]])), undefined);
});

test('the caches are those that flatpak writes', {
  skip: unlessInstalled('flatpak', 'ostree'),
}, async (t) => {
  const folder = await tempDir(t);
  const [repo, app] = [join(folder, 'repo'), join(folder, 'app')];
  await mkdir(join(app, 'files/bin'), { recursive: true });
  await mkdir(join(app, 'export'));
  const arch = await must(['flatpak', '--default-arch']);
  const platform = `org.example.Platform/${arch}/1`;
  const metadata = `[Application]\nname=org.example.App\nruntime=${platform}\nsdk=${platform}\n`;
  await writeFile(join(app, 'metadata'), metadata);
  await writeFile(join(app, 'files/bin/hello'), 'hello'.repeat(1000));
  const build = ['flatpak', 'build-export', '--disable-sandbox', '--end-of-life=over'];
  await must([...build, '--end-of-life-rebase=org.example.New', '--token-type=2', repo, app, 'old']);
  const extra = `[Extra Data]\nname=data\nchecksum=${'a'.repeat(64)}\nsize=1234567\ninstalled-size=7654321\nuri=http://registry.example.com/data\n`;
  await writeFile(join(app, 'metadata'), `${metadata}command=hello\n${extra}`);
  await must(['flatpak', 'build-export', '--disable-sandbox', repo, app, 'stable']);
  await must(['flatpak', 'build-update-repo', repo]);

  const theirs = parseSummary(await readFile(join(repo, 'summary')));
  await rm(join(repo, 'summary'));
  const ours = parseSummary(serializeSummary(await buildSummary(await openRepository(repo))));
  const refs = [`app/org.example.App/${arch}/old`, `app/org.example.App/${arch}/stable`];
  const only = (found: Variant | undefined) =>
    ((found?.value ?? []) as readonly (readonly [string, unknown])[]).filter(([ref]) => refs.includes(ref));
  // flatpak has entries for its appstream branches, too, with sizes that it counts itself.
  const caches = [ours, theirs].map((summary) => only(summary.metadata.get('xa.cache')?.value as Variant));
  assert.deepEqual(caches[0], caches[1]);
  assert.equal(caches[0]?.length, 2);
  // The order of their keys is that of a hash table.
  const sparse = [ours, theirs].map((summary) =>
    only(summary.metadata.get('xa.sparse-cache')).map(([ref, keys]) => [ref, new Map(keys as [])]),
  );
  assert.deepEqual(sparse[0], sparse[1]);
  assert.equal(sparse[0]?.length, 2);
  assert.deepEqual(ours.metadata.get('xa.cache-version'), theirs.metadata.get('xa.cache-version'));
  assert.deepEqual(ours.metadata.get('xa.cache-version'), variant('u', 2));
});
