/**
 * Which layers of an image hold the ostree commit: layer 0, the ostree layer, and the component layers up to the one
 * whose diff-id the label `ostree.final-diffid` names. What is on top of those is derived.
 *
 * Component layers without objects are all the same bytes, so the diff-id may be that of several layers; the
 * last of them is meant. Nothing derived has such a tar: it would have to hold an embedded repo. In an image that was
 * exported again (oci/diff-ids.ts) the label is that of the image before, whose layers were at the same positions.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Descriptor } from '../../oci/model/descriptor.ts';
import { diffIdsOf } from '../../oci/model/diff-ids.ts';
import { formatImageReference } from '../../oci/model/reference.ts';
import type { OpenedImage } from '../../oci/read/open-image.ts';
import { LABEL_FINAL_DIFFID } from '../labels.ts';

export type EncapsulatedLayers = {
  /** The ostree layer, then the component layers. */
  readonly ostree: readonly Descriptor[];
  readonly derived: readonly Descriptor[];
};

type Image = Pick<OpenedImage, 'config' | 'manifest' | 'reference'>;

/** Throws ERR_NOT_ENCAPSULATED, which says what the image is instead. */
export function encapsulatedLayers(image: Image): EncapsulatedLayers {
  const { config, manifest, reference } = image;
  const name = formatImageReference(reference);
  const { layers } = manifest;
  const { own, former } = diffIdsOf(config, manifest, name);
  const diffId: string | undefined = config.config?.Labels?.[LABEL_FINAL_DIFFID];
  if (diffId === undefined) {
    throw notEncapsulated(
      `${name} has no label ${LABEL_FINAL_DIFFID}, so it was not made from an ostree commit: it is ${whatItIs(image)}`,
    );
  }
  const positionIn = (diffIds: readonly string[]) => diffIds.lastIndexOf(diffId);
  const last = positionIn(former) < 0 ? positionIn(own) : positionIn(former);
  if (last < 0) {
    throw notEncapsulated(`${name} has no layer ${diffId}, which its label ${LABEL_FINAL_DIFFID} names`);
  }
  return { ostree: layers.slice(0, last + 1), derived: layers.slice(last + 1) };
}

function whatItIs({ config, manifest }: Image): string {
  const count = manifest.layers.length;
  const labels = Object.keys(config.config?.Labels ?? {});
  const described = labels.length === 0 ? 'without labels' : `labelled ${labels.slice(0, 5).join(', ')}`;
  const layers = count === 1 ? '1 layer' : `${count} layers`;
  return `a plain container image with ${layers} for ${config.os}/${config.architecture}, ${described}`;
}

function notEncapsulated(message: string): TreeportError {
  return new TreeportError('ERR_NOT_ENCAPSULATED', message);
}
