/** Makes the layers of an image from a plan and layers that were kept, so that nothing is planned again. */
import { eachConcurrently } from '../../base/each-concurrently.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import type { ImageLayer } from './image-draft.ts';
import type { KeptPlan } from './kept-plan.ts';
import type { LayerCache } from './layer-cache.ts';
import { imageLayer, LAYERS_AT_ONCE, type WriteLayersOptions } from './write-layers.ts';

export type KeptLayersOptions = Pick<WriteLayersOptions, 'history' | 'onObjects'> & {
  readonly cache: LayerCache;
};

/** Puts the layers of the plan into `sink`; undefined if the cache has not all of them, whole and intact. */
export async function takeKeptLayers(
  { layers: kept, record }: KeptPlan,
  sink: ImageSink,
  { cache, history, onObjects }: KeptLayersOptions,
): Promise<readonly [ImageLayer, ...ImageLayer[]] | undefined> {
  const layers: ImageLayer[] = [];
  const missing = { any: kept.length === 0 };
  const total = kept.reduce((sum, { objects }) => sum + objects, 0);
  const done = { objects: 0 };
  await eachConcurrently(kept.entries(), LAYERS_AT_ONCE, async ([index, { objects, ...chunk }]) => {
    const known = missing.any ? undefined : await cache.take(chunk.key, sink);
    if (known === undefined) {
      missing.any = true;
      return;
    }
    layers[index] = imageLayer({ ...chunk, ...known, index }, { history, record });
    done.objects += objects;
    onObjects?.(done.objects, total);
  });
  return missing.any ? undefined : (layers as [ImageLayer, ...ImageLayer[]]);
}
