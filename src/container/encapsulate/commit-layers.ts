/**
 * The layers of a commit's image. With a layer cache, the plan of an image is kept as well: if all of its
 * layers are in the cache, neither the tree nor the package database is read again.
 */
import { type Compression, DEFAULT_COMPRESSION } from '../../oci/write/compression.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { type ChunkObjects, commitObjects } from '../../tar/chunk.ts';
import { OwnersOfWalk } from '../../tar/directory-owners.ts';
import type { PlanRecord } from '../packing/plan-record.ts';
import { takeKeptLayers } from './kept-layers.ts';
import { keptPlan, type MadePlan } from './kept-plan.ts';
import type { LayerCache, LayerSource } from './layer-cache.ts';
import { planKey } from './layer-key.ts';
import { checkPlan, type LayerPlan, type PlanLayers, wholeCommit } from './layer-plan.ts';
import { type WriteLayersOptions, type WrittenLayers, writeLayers } from './write-layers.ts';

export type LayersOptions = {
  /** Default: gzip, level 6. */
  readonly compression?: Compression;
  /** Default: one layer for the whole commit. */
  readonly plan?: PlanLayers;
  /** What a later build needs of the plan. */
  readonly record?: PlanRecord;
  /** In place of `plan` and `record`: a plan that is only made if the layer cache does not have it. */
  readonly planning?: Planning;
  /** 2 repeats in each layer the parent directories of its files. Default: 2 if there are several layers. */
  readonly formatVersion?: FormatVersion;
  /** Layers that were built before. */
  readonly layerCache?: LayerCache;
  /** Images whose layers are used again. */
  readonly formerLayers?: readonly LayerSource[];
  /** Receives, from time to time, the number of tar bytes since the last call, of all layers. */
  readonly onProgress?: (bytes: number) => void;
  /** Receives, after each content object, how many of the commit's are in layers. */
  readonly onObjects?: (done: number, total: number) => void;
};

export type Planning = {
  /** Everything that the plan depends on, besides the commit. */
  readonly basis: string;
  readonly make: () => Promise<MadePlan>;
  /** Receives each note of a plan that is not made again. */
  readonly onNote: (note: string) => void;
};

/** Of layers, as ostree-ext counts. */
export type FormatVersion = 1 | 2;

type WithHistory = LayersOptions & Pick<WriteLayersOptions, 'history'>;
/** The layers of a kept plan, if there is one and the cache has all of them; else those of a new plan. */
export async function commitLayers(
  source: ObjectSource,
  commit: Checksum,
  sink: ImageSink,
  options: WithHistory,
): Promise<WrittenLayers['layers']> {
  const { planning, layerCache: cache, history, onObjects, compression = DEFAULT_COMPRESSION } = options;
  if (planning === undefined || cache === undefined)
    return (await newLayers(source, commit, sink, await withMadePlan(options))).layers;
  const { basis, make, onNote } = planning;
  const key = await planKey(source, commit, { compression, format: options.formatVersion, basis });
  const kept = await cache.plan(key);
  const known = kept && (await takeKeptLayers(kept, sink, { cache, history, onObjects }));
  if (kept !== undefined && known !== undefined) {
    for (const note of kept.notes) onNote(note);
    return known;
  }
  const made = await make();
  const { layers, keys } = await newLayers(source, commit, sink, withPlanOf(options, made));
  await cache.keepPlan(key, keptPlan(made, keys));
  return layers;
}

/** The options with the plan instead of the planning. */
export async function withMadePlan<T extends LayersOptions>(options: T): Promise<Omit<T, 'planning'>> {
  return options.planning === undefined ? options : withPlanOf(options, await options.planning.make());
}

function withPlanOf<T extends LayersOptions>(
  { planning, ...options }: T,
  { plan, record }: MadePlan,
): Omit<T, 'planning'> {
  return { ...options, plan: () => plan, ...(record && { record }) };
}

async function newLayers(
  source: ObjectSource,
  commit: Checksum,
  sink: ImageSink,
  options: WithHistory,
): Promise<WrittenLayers> {
  const directories = new OwnersOfWalk(source);
  const plan = await planOf(await commitObjects(source, commit, directories), options);
  const formatVersion = options.formatVersion ?? (plan.length > 1 ? 2 : 1);
  return writeLayers(source, commit, sink, {
    plan,
    directories: formatVersion === 2 ? directories.owners : undefined,
    compression: options.compression ?? DEFAULT_COMPRESSION,
    record: options.record,
    cache: options.layerCache,
    formerLayers: options.formerLayers,
    history: options.history,
    onProgress: options.onProgress,
    onObjects: options.onObjects,
  });
}

async function planOf(objects: ChunkObjects, { plan }: LayersOptions): Promise<LayerPlan> {
  if (plan === undefined) return wholeCommit(objects);
  const planned = await plan(objects);
  checkPlan(planned, objects);
  return planned;
}
