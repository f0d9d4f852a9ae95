/**
 * The layers of a snapshot's objects that are not embedded: those of the previous snapshot that stay, and new
 * ones.
 */
import type { ImageLayer } from '../container/encapsulate/image-draft.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import { LAYERS_ABOVE, type PutObjectsOptions, putObjects } from '../mirror/carried/put-objects.ts';
import { MAX_LAYERS } from '../mirror/mirror-layers.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import { formatObjectName, type ObjectName } from '../ostree/object-name.ts';
import { type NameSet, ObjectNames } from '../ostree/object-names.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { type CarriedNames, carriedNames } from './carried-names.ts';
import { keepLayers, type RewrittenLayer } from './kept-layers.ts';
import type { Snapshot } from './open.ts';
import { copyPreviousLayer, layersToKeep } from './previous.ts';

export type CarriedOptions = PutObjectsOptions & {
  /** Names of the objects that are embedded. */
  readonly embedded: NameSet;
  /** Its layers are kept as far as that pays. */
  readonly previous?: Snapshot;
  /** Receives the layers of the previous snapshot that are written again. */
  readonly onRewritten?: (layers: readonly RewrittenLayer[]) => void;
};

export type CarriedLayers = {
  readonly layers: readonly ImageLayer[];
  readonly listed: readonly ObjectLayer[];
  /** Objects in the layers that the snapshot does not have. */
  readonly hidden: readonly ObjectName[];
};

/** Of former snapshots; a client of a registry asks for each. */
const MOST_KEPT = 48;

export async function putCarriedLayers(
  repo: Repository,
  sink: ImageSink,
  options: CarriedOptions,
): Promise<CarriedLayers> {
  const { publication, previous, embedded, onRewritten } = options;
  const names = await carriedNames(repo, { publication, embedded, previous });
  const { needs, others } = names;
  const most = Math.max(1, Math.min(MOST_KEPT, MAX_LAYERS - LAYERS_ABOVE - options.below));
  const candidates = previous === undefined ? [] : layersToKeep(previous);
  const { kept, rewritten } = keepLayers(candidates, needs, most);
  if (rewritten.length > 0) onRewritten?.(rewritten);
  const layers: ImageLayer[] = [];
  const listed: ObjectLayer[] = [];
  const hidden: ObjectName[] = [];
  const there = new ObjectNames();
  for (const layer of kept) {
    layers.push(await copyPreviousLayer(previous as Snapshot, layer, sink, options.onProgress));
    const objects = layer.objects.map((object) => {
      const isDead = !needs(object);
      if (isDead) hidden.push(object);
      else if (others.size > 0) there.add(formatObjectName(object));
      return object.isDead === isDead ? object : { ...object, isDead };
    });
    listed.push({ ...layer, objects });
  }
  const added = previous === undefined ? others : namesToAdd(previous, names, { kept, there });
  for (const { layer, listed: ofLayer } of await putObjects(repo.objects, sink, added, options)) {
    layers.push(layer);
    listed.push(ofLayer);
  }
  return { layers, listed, hidden };
}

type KeptObjects = {
  readonly kept: readonly ObjectLayer[];
  /** Names of the objects in them, as far as others may be the same. */
  readonly there: NameSet;
};

/** What goes into new layers: also objects of layers that are not kept. */
function namesToAdd(
  previous: Snapshot,
  { needs, others }: CarriedNames,
  { kept, there }: KeptObjects,
): NameSet {
  const added = new ObjectNames();
  for (const name of others) if (!there.has(name)) added.add(name);
  for (const { objects, kind, digest } of previous.layers) {
    if (kind === 'os' || kept.some((layer) => layer.digest === digest)) continue;
    for (const object of objects) {
      const name = formatObjectName(object);
      if (needs(object) && !there.has(name)) added.add(name);
    }
  }
  return added;
}
