/** Plans static deltas (delta-plan.ts), by libostree's rules for parts and fallbacks. */
import type { Checksum } from '../../../ostree/checksum.ts';
import { hashedHeader, isSymlink } from '../../../ostree/file-header.ts';
import type { ObjectSource, StoredObject } from '../../../ostree/object-source.ts';
import { SourceChooser } from './choose-source.ts';
import type { DeltaPlan, PartPlan, PlannedFallback, PlannedObject, PlannedSource } from './delta-plan.ts';
import { compareOrder, type OrderKey, orderKey } from './object-order.ts';
import { newObjects, type OldTree, type PlacedObject, readOldTree } from './tree-objects.ts';

export type PlanOptions = {
  /** Undefined: from scratch. */
  readonly from?: Checksum;
  readonly to: Checksum;
  /** A larger file without a source becomes a fallback; 0: none does. */
  readonly minFallbackBytes?: number;
  /** Bytes of content in a part, unless it is a single object. */
  readonly maxChunkBytes?: number;
  /** Bytes of both files up to which one may be a binary patch of the other; 0: no patches. */
  readonly maxPatchBytes?: number;
  /** Size of the file that clients fetch for a fallback; by default that of its content. */
  readonly storedSize?: (file: Checksum, size: number) => number;
};

const MB = 1_000_000;
/** libostree's. */
export const DEFAULT_FALLBACK_BYTES: number = 4 * MB;
export const DEFAULT_CHUNK_BYTES: number = 32 * MB;
export const DEFAULT_PATCH_BYTES: number = 128 * MB;

type Ordered = { readonly key: OrderKey; readonly object: PlannedObject };

/** Plans the delta between two commits of `source`, which has all their objects. */
export async function planDelta(source: ObjectSource, options: PlanOptions): Promise<DeltaPlan> {
  const { from, to } = options;
  const old: OldTree =
    from === undefined ? { objects: new Set(), files: new Map() } : await readOldTree(source, from);
  const chooser = new SourceChooser(source, old.files);
  const ordered: Ordered[] = [];
  const fallbacks: PlannedFallback[] = [];
  for await (const placed of newObjects(source, to, old.objects)) {
    const planned =
      placed.type === 'file'
        ? await planFile(source, chooser, placed, options)
        : await planMetadata(source, placed);
    if ('storedSize' in planned) fallbacks.push(planned);
    else ordered.push(planned);
  }
  ordered.sort((a, b) => compareOrder(a.key, b.key));
  const objects = ordered.map(({ object }) => object);
  return { from, to, parts: cutParts(objects, options.maxChunkBytes ?? DEFAULT_CHUNK_BYTES), fallbacks };
}

async function planMetadata(source: ObjectSource, { type, checksum, path }: PlacedObject): Promise<Ordered> {
  if (type === 'file') throw new TypeError('not metadata');
  const { length } = await source.metadata(type, checksum);
  return { key: orderKey('metadata', `${type} ${path}`), object: { type, checksum, size: length } };
}

async function planFile(
  objects: ObjectSource,
  chooser: SourceChooser,
  { checksum, path }: PlacedObject,
  options: PlanOptions,
): Promise<Ordered | PlannedFallback> {
  const content = await objects.content(checksum);
  const { size } = content;
  if (isSymlink(content.header))
    return { key: orderKey('symlink', path), object: { type: 'file', checksum, size: 0 } };
  const source = await plannedSource(chooser, path, size, options);
  if (source !== undefined)
    return { key: orderKey('delta', path), object: { type: 'file', checksum, size, source } };
  if (isFallback(content, options.minFallbackBytes ?? DEFAULT_FALLBACK_BYTES))
    return { checksum, size, storedSize: options.storedSize?.(checksum, size) ?? size };
  return { key: orderKey('regular', path), object: { type: 'file', checksum, size } };
}

async function plannedSource(
  chooser: SourceChooser,
  path: string,
  size: number,
  { maxPatchBytes = DEFAULT_PATCH_BYTES }: PlanOptions,
): Promise<PlannedSource | undefined> {
  const source = size === 0 ? undefined : await chooser.choose(path, size);
  return source === undefined ? undefined : { ...source, patch: source.size + size <= maxPatchBytes };
}

/** libostree compares the size of the hashed stream. */
function isFallback({ header, size }: StoredObject, minBytes: number): boolean {
  return minBytes > 0 && hashedHeader(header).length + size > minBytes;
}

/** A part ends before the object that would make it larger than `maxBytes`. */
function cutParts(objects: readonly PlannedObject[], maxBytes: number): readonly PartPlan[] {
  const parts: { readonly objects: PlannedObject[]; size: number }[] = [{ objects: [], size: 0 }];
  for (const object of objects) {
    const last = parts.at(-1);
    if (last === undefined || (last.objects.length > 0 && last.size + object.size > maxBytes))
      parts.push({ objects: [object], size: object.size });
    else {
      last.objects.push(object);
      last.size += object.size;
    }
  }
  return parts.map(({ objects }) => ({ objects }));
}
