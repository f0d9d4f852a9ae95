/**
 * The diff-ids of an image's layers, from its config: one for each layer, in the manifest's order (OCI image
 * specification, config.md). An image that ostree-ext 0.15 re-exported has two for each of its N layers:
 * first the N of the original image, which the label `ostree.final-diffid` still refers to, then the N of its
 * actual layers.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Digest } from './descriptor.ts';
import type { ImageConfig } from './image-config.ts';
import type { ImageManifest } from './manifest.ts';

export type DiffIds = {
  /** Of the actual layers. */
  readonly own: readonly Digest[];
  /** Of the original image's layers; the same list unless the image was re-exported. */
  readonly former: readonly Digest[];
};

/** Both lists have one entry for each layer. `name` names the image in ERR_IMAGE_UNSUPPORTED. */
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
