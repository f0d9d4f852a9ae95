/** The same commit is imported from every kind of file that skopeo makes of its image. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { encapsulatedText } from './support/images.ts';
import { textRepo, unlessOsRepo } from './support/os-repo.ts';
import { checkRefused } from './support/refusal.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo('skopeo');
const timeout = 300_000;

function importWords(repo: string, image: string): readonly string[] {
  return ['container', 'unencapsulate', '--quiet', '--repo', repo, `ostree-unverified-image:${image}`];
}

test('dir:, docker-archive: and oci-archive: as skopeo writes them', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path } = await encapsulatedText();
  const { commit } = await textRepo();
  const repo = join(folder, 'repo');
  await must(['ostree', `--repo=${repo}`, 'init', '--mode=archive']);
  // Nothing is stored but what is imported.
  const env = { TMPDIR: await tempDir(t) };
  for (const place of ['dir:DIR', 'docker-archive:TAR', 'oci-archive:OCI', 'oci:LAYOUT:tag']) {
    const image = place.replace(':', `:${folder}/`);
    const name = place.startsWith('docker-archive') ? `${image}:localhost/text:v1` : image;
    await must(['skopeo', 'copy', '--quiet', `oci:${path}`, name]);
    const words = importWords(repo, image);
    assert.equal(await mustTreeport(words, { env }), `Imported: ${commit}`, image);
    assert.deepEqual(await readdir(env.TMPDIR), []);
  }
  await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet']);
});

test('a place where there is nothing', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const repo = join(folder, 'repo');
  await must(['ostree', `--repo=${repo}`, 'init', '--mode=archive']);
  for (const image of [`dir:${folder}/no`, `docker-archive:${folder}/no`, `oci-archive:${folder}/no`]) {
    const words = importWords(repo, image);
    await checkRefused(words, { code: 'ERR_IMAGE_MISSING', naming: [`${folder}/no`], untouched: [repo] });
  }
});
