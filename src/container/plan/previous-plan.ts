/**
 * The plan of a previous build, read from its image or manifest: of the history if the config has it, because
 * pushes may drop annotations, else of the annotations `ostree.components`.
 */
import { readFile } from 'node:fs/promises';
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { type ImageManifest, parseManifest } from '../../oci/model/manifest.ts';
import type { ImageDescription } from '../../oci/read/opened-image.ts';
import { encapsulatedLayers, layersOf, splitNames } from '../inspect/layers.ts';
import { ANNOTATION_COMPONENTS } from '../labels.ts';
import type { PlanRecord } from '../packing/plan-record.ts';

export type PreviousPlan =
  | { readonly record: PlanRecord; readonly missing?: undefined }
  /** Why there is none, for people. */
  | { readonly missing: string; readonly record?: undefined };

/** The plan that an image records, or why it records none. */
export function planOfImage(image: ImageDescription): PreviousPlan {
  const ostreeLayers = countOstreeLayers(image);
  if (ostreeLayers === undefined) return { missing: 'it was not made from an ostree commit' };
  const components = layersOf(image, ostreeLayers).slice(1, ostreeLayers);
  if (components.length === 0) return { missing: 'it has one layer' };
  const members = components.flatMap((layer) => (layer.members === undefined ? [] : [layer.members]));
  if (members.length === components.length) return { record: { layers: members } };
  return planOfAnnotations(image.manifest.layers.slice(1, ostreeLayers));
}

/** The derived layers of a manifest have no annotation, which is all that a manifest tells. */
export function planOfManifest({ layers }: ImageManifest): PreviousPlan {
  const [, ...others] = layers;
  const end = others.findIndex(({ annotations }) => annotations?.[ANNOTATION_COMPONENTS] === undefined);
  return planOfAnnotations(end <= 0 ? others : others.slice(0, end));
}

/** ERR_IO if the file cannot be read, ERR_JSON if it is no manifest. */
export async function readPreviousManifest(path: string): Promise<PreviousPlan> {
  const bytes = await readFile(path).catch((error) => {
    throw new TreeportError('ERR_IO', `cannot read the manifest of the previous build: ${messageOf(error)}`, {
      cause: error,
    });
  });
  return planOfManifest(parseManifest(bytes, `the manifest ${path}`));
}

function planOfAnnotations(layers: ImageManifest['layers']): PreviousPlan {
  if (layers.length === 0) return { missing: 'it has one layer' };
  const names = layers.flatMap(({ annotations }) => annotations?.[ANNOTATION_COMPONENTS] ?? []);
  if (names.length < layers.length)
    return {
      missing: `not every layer has the annotation ${ANNOTATION_COMPONENTS}, and its history has no plan`,
    };
  return { record: { layers: names.map((each) => splitNames(each).map((name) => ({ name }))) } };
}

function countOstreeLayers(image: ImageDescription): number | undefined {
  try {
    return encapsulatedLayers(image).ostree.length;
  } catch (error) {
    if (isTreeportError(error, 'ERR_NOT_ENCAPSULATED')) return undefined;
    throw error;
  }
}
