/**
 * Which diff-ids the config of an image gives its layers: one for each layer, in the manifest's order (OCI image
 * specification, config.md). Images that ostree-ext 0.15 exported again have two for each of N layers: first the N of
 * the image that was exported, which its label `ostree.final-diffid` still names, then the N of the layers as they are.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Digest } from './descriptor.ts';
import type { ImageConfig } from './image-config.ts';
import type { ImageManifest } from './manifest.ts';

export type DiffIds = {
  /** Of the layers as they are. */
  readonly own: readonly Digest[];
  /** Of the layers that they were made from; the same list unless the image was exported again. */
  readonly former: readonly Digest[];
};

/** Both lists have an entry for each layer; `name` is the image's in ERR_IMAGE_UNSUPPORTED. */
export function diffIdsOf(config: ImageConfig, { layers }: ImageManifest, name: string): DiffIds {
  const all = config.rootfs.diff_ids;
  const count = layers.length;
  if (all.length !== count && all.length !== 2 * count) {
    throw new TreeportError(
      'ERR_IMAGE_UNSUPPORTED',
      `the manifest of ${name} has ${count} layers, but its config has ${all.length} diff-ids`,
    );
  }
  return { own: all.slice(-count), former: all.slice(0, count) };
}
