/** Documents that are nested deeper than anything that is meant well. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { writeMirrorSource } from '../support/mirror-repos.ts';
import { treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const DEEP = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;

async function assertRefused(words: readonly string[], naming: string): Promise<void> {
  const { status, stdout, stderr } = await treeport(words);
  assert.match(stderr, /^treeport: ERR_JSON: [^\n]*more than 64 levels[^\n]*\n$/);
  assert.ok(stderr.includes(naming), stderr);
  assert.deepEqual([status, stdout], [1, '']);
}

/** A layout directory with an image of such a config and no layers. */
async function deepImage(t: TestContext): Promise<string> {
  const path = join(await tempDir(t), 'image');
  await mkdir(join(path, 'blobs/sha256'), { recursive: true });
  const put = async (mediaType: string, text: string) => {
    const hex = createHash('sha256').update(text).digest('hex');
    await writeFile(join(path, 'blobs/sha256', hex), text);
    return {
      mediaType: `application/vnd.oci.image.${mediaType}.v1+json`,
      digest: `sha256:${hex}`,
      size: text.length,
    };
  };
  const config = await put('config', `{"architecture":"amd64","os":"linux","config":${DEEP}}`);
  const manifest = await put('manifest', JSON.stringify({ schemaVersion: 2, config, layers: [] }));
  await writeFile(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  return path;
}

test('the config of an image', async (t) => {
  const image = `oci:${await deepImage(t)}`;
  await assertRefused(['container', 'info', image], 'config sha256:');
  await assertRefused(['container', 'compare', image, image], 'config sha256:');
});

test('the configuration for a new image', async (t) => {
  const folder = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(folder, 'repo'));
  const config = join(folder, 'config.json');
  await writeFile(config, DEEP);
  const words = ['container', 'encapsulate', '--repo', repo.path, '--config', config, commit];
  await assertRefused([...words, `oci:${folder}/image`], config);
  assert.deepEqual((await readdir(folder)).toSorted(), ['config.json', 'repo']);
});
