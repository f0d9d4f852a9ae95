/**
 * Compares two images by the digests of their layers: what a machine that has the first must fetch for the
 * second. Components that share a layer are reported together.
 */
import { isTreeportError } from '../../base/errors.ts';
import type { ImageDescription } from '../../oci/read/opened-image.ts';
import { downloadsOf, type LayerDownload } from './downloads.ts';
import { encapsulatedLayers, type LayerInfo, layersOf } from './layers.ts';

export type LayerTotals = {
  readonly layers: number;
  /** Bytes of their blobs. */
  readonly size: number;
};

export type ComponentChange = {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: LayerInfo['kind'];
  /** The components, else the command that made the layer, else its digest. Never empty. */
  readonly names: readonly string[];
  /** Bytes of the layers that held them; undefined if they are new. */
  readonly before: number | undefined;
  readonly after: number | undefined;
};

export type ImageComparison = {
  /** Of the second image. `size` counts a repeated layer each time, `layers` counts it once. */
  readonly total: LayerTotals;
  readonly removed: LayerTotals;
  readonly added: LayerTotals;
  readonly components: readonly ComponentChange[];
  /** The layers to download, each with why its components come along. */
  readonly downloads: readonly LayerDownload[];
};

/** An image that is not encapsulated counts as one with derived layers only. */
export function compareImages(before: ImageDescription, after: ImageDescription): ImageComparison {
  return compareLayers(imageLayers(before), imageLayers(after));
}

function imageLayers(image: ImageDescription): readonly LayerInfo[] {
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
    downloads: downloadsOf(before, after),
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

/** A component, or a layer without components, and the layers that hold it. */
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
  // The history entry is the commit's subject, which differs between commits.
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
