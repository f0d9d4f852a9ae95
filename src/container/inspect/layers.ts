/**
 * The layers of an image: which hold the ostree commit, and what manifest and config say of each.
 *
 * Layer 0 is the ostree layer; component layers follow, up to the one whose diff-id the label
 * `ostree.final-diffid` names. The layers above it are derived. Component layers without objects are
 * byte-identical, so several layers may have that diff-id; the last of them counts. A derived layer cannot
 * have it, because its tar would have to hold an embedded repo. In an image that was exported again
 * (oci/model/diff-ids.ts) the label names a layer of the former image, whose layers were at the same
 * positions.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Descriptor, Digest } from '../../oci/model/descriptor.ts';
import { diffIdsOf } from '../../oci/model/diff-ids.ts';
import { formatImageReference } from '../../oci/model/reference.ts';
import type { ImageDescription } from '../../oci/read/opened-image.ts';
import { ANNOTATION_COMPONENTS, LABEL_FINAL_DIFFID, LABEL_REFS } from '../labels.ts';
import { parseLayerComment } from '../layer-comment.ts';
import type { PlanMember } from '../packing/plan-record.ts';

export type EncapsulatedLayers = {
  /** The ostree layer, then the component layers. */
  readonly ostree: readonly Descriptor[];
  readonly derived: readonly Descriptor[];
};

export type LayerInfo = {
  readonly kind: 'ostree' | 'component' | 'derived';
  readonly digest: Digest;
  readonly diffId: string | undefined;
  readonly mediaType: string;
  /** Size of the blob in bytes. */
  readonly size: number;
  /** Names of the components in a component layer: of its annotation, else of its history entry. */
  readonly components: readonly string[];
  /** The components as the plan of the layers has them, in a component layer that treeport made. */
  readonly members: readonly PlanMember[] | undefined;
  /** From the image's history: the commit's subject for the ostree layer, the command for others. */
  readonly createdBy: string | undefined;
};

/** Divides the layers; ERR_NOT_ENCAPSULATED, whose message describes the image instead. */
export function encapsulatedLayers(image: ImageDescription): EncapsulatedLayers {
  const { config, manifest, reference } = image;
  const name = formatImageReference(reference);
  const { layers } = manifest;
  const { own, former } = diffIdsOf(config, manifest, name);
  const diffId: string | undefined = config.config?.Labels?.[LABEL_FINAL_DIFFID];
  if (diffId === undefined && config.config?.Labels?.[LABEL_REFS] !== undefined)
    throw notEncapsulated(
      `${name} is a snapshot that boots no commit; \`treeport snapshot info\` and \`extract\` read it`,
    );
  if (diffId === undefined) {
    throw notEncapsulated(
      `${name} has no label ${LABEL_FINAL_DIFFID}, so it was not made from an ostree commit: it is ${describe(image)}`,
    );
  }
  const positionIn = (diffIds: readonly string[]) => diffIds.lastIndexOf(diffId);
  const last = positionIn(former) < 0 ? positionIn(own) : positionIn(former);
  if (last < 0) {
    throw notEncapsulated(`${name} has no layer ${diffId}, which its label ${LABEL_FINAL_DIFFID} names`);
  }
  return { ostree: layers.slice(0, last + 1), derived: layers.slice(last + 1) };
}

function describe({ config, manifest }: ImageDescription): string {
  const count = manifest.layers.length;
  const labels = Object.keys(config.config?.Labels ?? {});
  const described = labels.length === 0 ? 'without labels' : `labelled ${labels.slice(0, 5).join(', ')}`;
  const layers = count === 1 ? '1 layer' : `${count} layers`;
  return `a plain container image with ${layers} for ${config.os}/${config.architecture}, ${described}`;
}

function notEncapsulated(message: string): TreeportError {
  return new TreeportError('ERR_NOT_ENCAPSULATED', message);
}

/** All layers in the manifest's order. The first `ostreeLayers` hold the commit; the others are derived. */
export function layersOf(
  { manifest, config, reference }: ImageDescription,
  ostreeLayers: number,
): readonly LayerInfo[] {
  const diffIds = diffIdsOf(config, manifest, formatImageReference(reference));
  // Entries of empty layers record changes of the config only.
  const history = (config.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  return manifest.layers.map(({ digest, mediaType, size, annotations }, index) => {
    const kind = index === 0 && ostreeLayers > 0 ? 'ostree' : index < ostreeLayers ? 'component' : 'derived';
    const annotated = annotations?.[ANNOTATION_COMPONENTS];
    const members = kind === 'component' ? parseLayerComment(history[index]?.comment)?.components : undefined;
    return {
      kind,
      digest,
      diffId: diffIds.own[index],
      mediaType,
      size,
      components: annotated === undefined ? (members ?? []).map(({ name }) => name) : splitNames(annotated),
      members,
      createdBy: history[index]?.created_by,
    };
  });
}

/** The names in an annotation `ostree.components`. */
export function splitNames(annotation: string): readonly string[] {
  return annotation.split(',').filter((name) => name !== '');
}
