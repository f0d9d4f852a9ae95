/** Which layers of an image hold the ostree commit (ostree-ext's manifest rules). */
import { TreeportError } from '../base/errors.ts';
import { LABEL_FINAL_DIFFID } from '../container/labels.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { OpenedImage } from '../oci/image-source.ts';
import { formatImageReference } from '../oci/reference.ts';
import { LABEL_REFS } from './mirror-config.ts';

export type EncapsulatedLayers = {
  /** The ostree layer, then the component layers. */
  readonly ostree: readonly Descriptor[];
  readonly derived: readonly Descriptor[];
};

/** Throws ERR_NOT_ENCAPSULATED, or ERR_ALREADY_MIRROR for a mirror image. */
export function encapsulatedLayers({ config, manifest, reference }: OpenedImage): EncapsulatedLayers {
  const name = formatImageReference(reference);
  const labels = config.config?.Labels ?? {};
  if (labels[LABEL_REFS] !== undefined) {
    throw new TreeportError(
      'ERR_ALREADY_MIRROR',
      `${name} is a mirror image already; wrap the encapsulated image that it was made from`,
    );
  }
  const diffId = labels[LABEL_FINAL_DIFFID];
  if (diffId === undefined) {
    throw new TreeportError(
      'ERR_NOT_ENCAPSULATED',
      `${name} has no label ${LABEL_FINAL_DIFFID}: it was not made from an ostree commit`,
    );
  }
  const last = (config.rootfs.diff_ids as readonly string[]).indexOf(diffId);
  if (last < 0 || last >= manifest.layers.length) {
    throw new TreeportError(
      'ERR_NOT_ENCAPSULATED',
      `${name} has no layer ${diffId}, which its label ${LABEL_FINAL_DIFFID} names`,
    );
  }
  return { ostree: manifest.layers.slice(0, last + 1), derived: manifest.layers.slice(last + 1) };
}
