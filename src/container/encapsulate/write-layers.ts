/** Writes the layers of a plan, several at once: they share the threads and the memory that compress. */
import { eachConcurrently } from '../../base/each-concurrently.ts';
import type { Compression } from '../../oci/write/compression.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import { writeLayer } from '../../oci/write/layer-writer.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { Chunk } from '../../tar/chunk.ts';
import type { DirectoryOwners } from '../../tar/directory-owners.ts';
import { exportChunk } from '../../tar/export-chunk.ts';
import { exportOstreeLayer } from '../../tar/export-commit.ts';
import { PiecePool } from '../../tar/piece-memory.ts';
import { ANNOTATION_COMPONENTS } from '../labels.ts';
import { formatLayerComment } from '../layer-comment.ts';
import type { PlanRecord } from '../packing/plan-record.ts';
import type { ImageLayer } from './image-draft.ts';
import type { KeptLayer, KnownLayer, LayerCache, LayerSource } from './layer-cache.ts';
import { componentLayerKey, type LayerKey, ostreeLayerKey } from './layer-key.ts';
import type { LayerPlan } from './layer-plan.ts';

export type WriteLayersOptions = {
  readonly compression: Compression;
  /** Selects format 2. */
  readonly directories: DirectoryOwners | undefined;
  /** The history entry of the ostree layer; those of the others name their chunk. */
  readonly history: { readonly created: string; readonly created_by: string };
  /** The plan's, without the ostree layer: it is kept in the history. */
  readonly record?: PlanRecord | undefined;
  /** Layers that are in it are not written again; those that are not are kept in it. */
  readonly cache?: LayerCache | undefined;
  /** Other places whose layers are not written again. */
  readonly formerLayers?: readonly LayerSource[] | undefined;
  /** Receives the number of tar bytes since the last call, of all layers. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Receives, after each content object, how many of the plan's are in layers. */
  readonly onObjects?: ((done: number, total: number) => void) | undefined;
};

/** Enough to hide that small layers wait for the disk; more would only wait for the threads. */
export const LAYERS_AT_ONCE = 4;

export type WrittenLayers = {
  readonly layers: readonly [ImageLayer, ...ImageLayer[]];
  /** In the same order. */
  readonly keys: readonly LayerKey[];
};

/** Writes the plan's layers into `sink`. The first failure stops all of them. */
export async function writeLayers(
  source: ObjectSource,
  commit: Checksum,
  sink: ImageSink,
  options: WriteLayersOptions & { readonly plan: LayerPlan },
): Promise<WrittenLayers> {
  const { plan } = options;
  const layers: ImageLayer[] = [];
  const keys: LayerKey[] = [];
  for (const [index, chunk] of plan.entries())
    keys.push(
      index === 0 ? await ostreeLayerKey(source, commit, chunk, options) : componentLayerKey(chunk, options),
    );
  const memory = new PiecePool();
  const objects = { done: 0, total: plan.reduce((sum, chunk) => sum + chunk.objects.size, 0) };
  const onObject = (count = 1) => {
    objects.done += count;
    options.onObjects?.(objects.done, objects.total);
  };
  await eachConcurrently(newFirst(keys, options), LAYERS_AT_ONCE, async ([index, key], signal) => {
    const chunk = plan[index] as Chunk;
    const isOstree = index === 0;
    const tar = () => {
      const { directories } = options;
      const format = {
        memory,
        onObject: () => onObject(),
        ...(directories === undefined ? {} : { directories }),
      };
      return isOstree ? exportOstreeLayer(source, commit, chunk, format) : exportChunk(source, chunk, format);
    };
    const known = await takeKnown(key, sink, options);
    if (known !== undefined) onObject(chunk.objects.size);
    const layer = known ?? (await writeAndKeep(sink, tar(), key, { ...options, signal }));
    layers[index] = imageLayer({ ...layer, key, index, ...chunk }, options);
  });
  return { layers: layers as [ImageLayer, ...ImageLayer[]], keys };
}

/** New layers come first, so that the threads compress them while this one hashes those that are copied. */
function newFirst(keys: readonly LayerKey[], options: WriteLayersOptions) {
  const isNew = ([, key]: readonly [number, LayerKey]) =>
    !places(options).some((place) => place.mayHave(key));
  const entries = [...keys.entries()];
  return [...entries.filter(isNew), ...entries.filter((entry) => !isNew(entry))];
}

export type PlannedLayer = KnownLayer &
  Pick<Chunk, 'name' | 'packages'> & {
    readonly key: LayerKey;
    /** The ostree layer is 0. */
    readonly index: number;
  };

/** The layer with its annotation and its history entry. */
export function imageLayer(
  { descriptor, diffId, name, packages, key, index }: PlannedLayer,
  { history, record }: Pick<WriteLayersOptions, 'history' | 'record'>,
): ImageLayer {
  const isOstree = index === 0;
  const components = isOstree ? undefined : record?.layers[index - 1];
  return {
    descriptor: isOstree ? descriptor : { ...descriptor, annotations: componentsOf(packages) },
    diffId,
    history: {
      ...history,
      ...(isOstree ? {} : { created_by: name }),
      ...(record === undefined ? {} : { comment: formatLayerComment({ key, components }) }),
    },
  };
}

/** The cache first: its files are linked. */
function places({ formerLayers = [], cache }: WriteLayersOptions): readonly LayerSource[] {
  return cache === undefined ? formerLayers : [cache, ...formerLayers];
}

async function takeKnown(
  key: LayerKey,
  sink: ImageSink,
  options: WriteLayersOptions,
): Promise<KnownLayer | undefined> {
  for (const place of places(options)) {
    const known = await place.take(key, sink);
    if (known !== undefined) return known;
  }
  return undefined;
}

async function writeAndKeep(
  sink: ImageSink,
  tar: AsyncIterable<Uint8Array>,
  key: LayerKey,
  options: Pick<WriteLayersOptions, 'compression' | 'cache' | 'onProgress'> & {
    readonly signal: AbortSignal;
  },
): Promise<KnownLayer> {
  const { compression, signal, cache, onProgress } = options;
  const layerOptions = { compression, signal, ...(onProgress && { onProgress }) };
  if (cache === undefined) return writeLayer(sink, tar, layerOptions);
  const kept = await cache.keep(key);
  try {
    const layer = await writeLayer(alsoInto(sink, kept), tar, layerOptions);
    await kept.finish(layer);
    return layer;
  } catch (error) {
    await kept.abort();
    throw error;
  }
}

/** The sink, whose next blob is kept as well. */
function alsoInto(sink: ImageSink, kept: KeptLayer): Pick<ImageSink, 'openBlob'> {
  return {
    openBlob: async () => {
      const blob = await sink.openBlob();
      return {
        write: async (bytes) => {
          await Promise.all([blob.write(bytes), kept.write(bytes)]);
        },
        commit: (digest) => blob.commit(digest),
        abort: () => blob.abort(),
      };
    },
  };
}

function componentsOf(packages: Chunk['packages']): Record<string, string> {
  return { [ANNOTATION_COMPONENTS]: packages.toSorted().join(',') };
}
