/** The layers of an image with all that its manifest and config say of each. */
import type { Digest } from '../../oci/model/descriptor.ts';
import { diffIdsOf } from '../../oci/model/diff-ids.ts';
import { formatImageReference } from '../../oci/model/reference.ts';
import type { OpenedImage } from '../../oci/read/open-image.ts';
import { ANNOTATION_COMPONENTS } from '../labels.ts';

export type LayerInfo = {
  readonly kind: 'ostree' | 'component' | 'derived';
  readonly digest: Digest;
  readonly diffId: string | undefined;
  readonly mediaType: string;
  /** Bytes of the blob. */
  readonly size: number;
  /** Of component layers: names of the components in it, as far as its annotation says. */
  readonly components: readonly string[];
  /** From the image's history: for the ostree layer the commit's subject, for others what made it. */
  readonly createdBy: string | undefined;
};

/** `ostreeLayers` is the number of layers that hold the commit; the others are derived. */
export function layersOf(
  { manifest, config, reference }: Pick<OpenedImage, 'manifest' | 'config' | 'reference'>,
  ostreeLayers: number,
): readonly LayerInfo[] {
  const diffIds = diffIdsOf(config, manifest, formatImageReference(reference));
  // Entries of layers that do not exist say what changed the config only.
  const history = (config.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  return manifest.layers.map(({ digest, mediaType, size, annotations }, index) => ({
    kind: index === 0 && ostreeLayers > 0 ? 'ostree' : index < ostreeLayers ? 'component' : 'derived',
    digest,
    diffId: diffIds.own[index],
    mediaType,
    size,
    components: (annotations?.[ANNOTATION_COMPONENTS] ?? '').split(',').filter((name) => name !== ''),
    createdBy: history[index]?.created_by,
  }));
}
