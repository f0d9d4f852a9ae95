/**
 * Turns an image into one re-exported by ostree-ext 0.15: its config lists the diff-ids of the original image
 * before those of its own layers, and its label `ostree.final-diffid` names one of the original ones.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../src/oci/model/descriptor.ts';

/** Rewrites the only image of the layout directory `path` so that its config has these diff-ids. */
export async function exportAgain(path: string, diffIds: readonly Digest[], final: Digest): Promise<void> {
  const read = async (file: string) => JSON.parse(await readFile(join(path, file), 'utf8'));
  const fileOf = (digest: string) => `blobs/${digest.replace(':', '/')}`;
  const put = async (value: object, descriptor: object) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await writeFile(join(path, fileOf(digest)), bytes);
    return { ...descriptor, digest, size: bytes.length };
  };
  const index = await read('index.json');
  const manifest = await read(fileOf(index.manifests[0].digest));
  const config = await read(fileOf(manifest.config.digest));
  config.rootfs.diff_ids = diffIds;
  config.config.Labels['ostree.final-diffid'] = final;
  manifest.config = await put(config, manifest.config);
  index.manifests = [await put(manifest, index.manifests[0])];
  await writeFile(join(path, 'index.json'), JSON.stringify(index));
}
