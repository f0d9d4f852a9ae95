/** Writes the layers of a plan, several at once: they share the threads and the memory that compress. */
import { eachConcurrently } from '../../base/each-concurrently.ts';
import type { Compression } from '../../oci/write/compression.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import { writeLayer } from '../../oci/write/layer-writer.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { Chunk } from '../../tar/chunk.ts';
import { exportChunk } from '../../tar/export-chunk.ts';
import { exportOstreeLayer } from '../../tar/export-commit.ts';
import { ANNOTATION_COMPONENTS } from '../labels.ts';
import type { ImageLayer } from './image-draft.ts';
import type { LayerPlan } from './layer-plan.ts';

export type WriteLayersOptions = {
  readonly compression: Compression;
  /** The history entry of the ostree layer; those of the others name their chunk. */
  readonly history: { readonly created: string; readonly created_by: string };
  /** Receives the number of tar bytes since the last call, of all layers. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
};

/** Enough to hide that small layers wait for the disk; more would only wait for the threads. */
const LAYERS_AT_ONCE = 4;

/** Writes the plan's layers into `sink`. The first failure stops all of them. */
export async function writeLayers(
  source: ObjectSource,
  commit: Checksum,
  sink: ImageSink,
  { plan, compression, history, onProgress }: WriteLayersOptions & { readonly plan: LayerPlan },
): Promise<readonly [ImageLayer, ...ImageLayer[]]> {
  const layers: ImageLayer[] = [];
  await eachConcurrently(plan.entries(), LAYERS_AT_ONCE, async ([index, chunk], signal) => {
    const tar = index === 0 ? exportOstreeLayer(source, commit, chunk) : exportChunk(source, chunk);
    const annotations = index === 0 ? {} : { annotations: componentsOf(chunk) };
    const options = { compression, signal, ...annotations, ...(onProgress && { onProgress }) };
    const { descriptor, diffId } = await writeLayer(sink, tar, options);
    layers[index] = {
      descriptor,
      diffId,
      history: index === 0 ? history : { ...history, created_by: chunk.name },
    };
  });
  return layers as [ImageLayer, ...ImageLayer[]];
}

function componentsOf({ packages }: Chunk): Record<string, string> {
  return { [ANNOTATION_COMPONENTS]: packages.toSorted().join(',') };
}
