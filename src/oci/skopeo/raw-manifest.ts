/** Reads the manifest or index of an image as it is stored, which skopeo's image proxy does not give. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withTemporaryDirectory } from '../../base/temporary-directory.ts';
import { formatImageReference, type ImageReference } from '../model/reference.ts';
import type { OpenImageOptions } from '../read/open-image-options.ts';
import { findContainersPolicy } from './containers-policy.ts';
import { skopeoAccess } from './registry-access.ts';
import { skopeo } from './skopeo.ts';

/** The bytes, unverified. The errors of skopeo. */
export async function rawManifest(reference: ImageReference, options: OpenImageOptions): Promise<Buffer> {
  const place = formatImageReference(reference);
  const { args, input } = skopeoAccess(reference, options);
  const policy = await findContainersPolicy();
  return withTemporaryDirectory(async (directory) => {
    const path = join(directory, 'manifest');
    const file = await open(path, 'wx', 0o600);
    try {
      const words = ['--policy', policy.path, 'inspect', '--raw', ...args, place];
      await skopeo(words, { what: place, input, output: file.fd });
    } finally {
      await file.close();
    }
    return readFile(path);
  });
}
