/**
 * Compares two images by their layers: what a machine that has the first must fetch for the second. Layers are told
 * apart by their digests. Which component changed shows as far as components have layers of their own; several in
 * one layer are named together.
 */
import { isTreeportError } from '../../base/errors.ts';
import type { OpenedImage } from '../../oci/read/open-image.ts';
import { encapsulatedLayers } from './encapsulated-layers.ts';
import { type LayerInfo, layersOf } from './layers.ts';

export type LayerTotals = {
  readonly layers: number;
  /** Bytes of their blobs. */
  readonly size: number;
};

export type ComponentChange = {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: LayerInfo['kind'];
  /** The components, or what else names the layer: what made it, or its digest. Never empty. */
  readonly names: readonly string[];
  /** Bytes of the layers that held them; undefined if they are new. */
  readonly before: number | undefined;
  readonly after: number | undefined;
};

export type ImageComparison = {
  /** Layers of the second image; `size` counts those that it has twice twice, `layers` does not. */
  readonly total: LayerTotals;
  readonly removed: LayerTotals;
  readonly added: LayerTotals;
  readonly components: readonly ComponentChange[];
};

type Image = Pick<OpenedImage, 'manifest' | 'config' | 'reference'>;

/** Images need not be encapsulated: those that are not have derived layers only. */
export function compareImages(before: Image, after: Image): ImageComparison {
  return compareLayers(imageLayers(before), imageLayers(after));
}

function imageLayers(image: Image): readonly LayerInfo[] {
  try {
    return layersOf(image, encapsulatedLayers(image).ostree.length);
  } catch (error) {
    if (isTreeportError(error, 'ERR_NOT_ENCAPSULATED')) return layersOf(image, 0);
    throw error;
  }
}

export function compareLayers(before: readonly LayerInfo[], after: readonly LayerInfo[]): ImageComparison {
  const old = byDigest(before);
  const fresh = byDigest(after);
  const missingIn = (others: ReadonlyMap<string, LayerInfo>, layers: ReadonlyMap<string, LayerInfo>) =>
    [...layers.values()].filter(({ digest }) => !others.has(digest));
  return {
    total: { layers: fresh.size, size: sizeOf(after) },
    removed: totals(missingIn(fresh, old)),
    added: totals(missingIn(old, fresh)),
    components: componentChanges(componentsOf(before), componentsOf(after)),
  };
}

function byDigest(layers: readonly LayerInfo[]): ReadonlyMap<string, LayerInfo> {
  return new Map(layers.map((layer) => [layer.digest, layer]));
}

function totals(layers: readonly LayerInfo[]): LayerTotals {
  return { layers: layers.length, size: sizeOf(layers) };
}

function sizeOf(layers: readonly LayerInfo[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}

/** Something by name, and the layers it lies in. */
type Component = {
  readonly kind: LayerInfo['kind'];
  readonly name: string;
  readonly layers: readonly LayerInfo[];
};

function componentsOf(layers: readonly LayerInfo[]): ReadonlyMap<string, Component> {
  const found = new Map<string, Component>();
  for (const layer of layers) {
    for (const name of namesOf(layer)) {
      const key = `${layer.kind}\n${name}`;
      found.set(key, { kind: layer.kind, name, layers: [...(found.get(key)?.layers ?? []), layer] });
    }
  }
  return found;
}

function namesOf({ kind, components, createdBy, digest }: LayerInfo): readonly string[] {
  // The subject of a commit changes with each.
  if (kind === 'ostree') return ['the commit and its metadata'];
  return components.length > 0 ? components : [createdBy || digest];
}

function componentChanges(
  before: ReadonlyMap<string, Component>,
  after: ReadonlyMap<string, Component>,
): readonly ComponentChange[] {
  const groups = new Map<string, ComponentChange>();
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, fresh] = [before.get(key), after.get(key)];
    const place = `${digests(old)} ${digests(fresh)}`;
    const { kind, name } = (old ?? fresh) as Component;
    if (old !== undefined && fresh !== undefined && digests(old) === digests(fresh)) continue;
    groups.set(place, {
      change: old === undefined ? 'added' : fresh === undefined ? 'removed' : 'changed',
      kind,
      names: [...(groups.get(place)?.names ?? []), name],
      before: old === undefined ? undefined : sizeOf(old.layers),
      after: fresh === undefined ? undefined : sizeOf(fresh.layers),
    });
  }
  return [...groups.values()];
}

function digests(component: Component | undefined): string {
  return component?.layers.map(({ digest }) => digest).join() ?? '';
}
