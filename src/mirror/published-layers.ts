/**
 * The layers of an image that hold parts of its published repo, told by their history entries. A container
 * build that sealed an image (seal.ts) wrote such entries of its own, so there all derived layers count.
 */
import { encapsulatedLayers, layersOf } from '../container/inspect/layers.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import type { ImageDescription } from '../oci/read/opened-image.ts';
import { DELTAS_HISTORY, OBJECTS_HISTORY, PACKS_HISTORY, PUBLISHED_REPO_HISTORY } from './layout.ts';

/** `any`: of a sealed image, everything that the build put there. */
export type PublishedLayerKind = 'repo' | 'objects' | 'packs' | 'deltas' | 'any';

export type PublishedLayer = { readonly layer: Descriptor; readonly kind: PublishedLayerKind };

const HISTORIES: readonly (readonly [string, PublishedLayerKind])[] = [
  [PUBLISHED_REPO_HISTORY, 'repo'],
  [OBJECTS_HISTORY, 'objects'],
  [PACKS_HISTORY, 'packs'],
  [DELTAS_HISTORY, 'deltas'],
];

/** In the order of the image. ERR_NOT_ENCAPSULATED if no layer is marked and no commit encapsulated. */
export function publishedLayers(image: ImageDescription): readonly PublishedLayer[] {
  const marked = markedLayers(image);
  if (marked.length > 0) return marked;
  return encapsulatedLayers(image).derived.map((layer) => ({ layer, kind: 'any' }));
}

/** The layers that treeport wrote; none in a sealed image. */
export function markedLayers(image: ImageDescription): readonly PublishedLayer[] {
  return layersOf(image, 0).flatMap(({ createdBy = '' }, index): readonly PublishedLayer[] => {
    const kind = HISTORIES.find(([history]) => createdBy.startsWith(history))?.[1];
    const layer = image.manifest.layers[index];
    return kind === undefined || layer === undefined ? [] : [{ layer, kind }];
  });
}
