/**
 * The layers of a snapshot's objects that are not embedded. Metadata comes first, in layers of its own, so
 * that readers know what they need before they read content.
 */

import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import { historyTimestamp, type ImageLayer } from '../container/encapsulate/image-draft.ts';
import { type PutObjectLayer, putObjectLayers } from '../mirror/carried/object-layers.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import { OBJECTS_HISTORY } from '../mirror/layout.ts';
import { FILES_PER_LAYER, MAX_LAYERS } from '../mirror/mirror-layers.ts';
import { type Publication, publishedNames } from '../mirror/published-refs.ts';
import type { Compression } from '../oci/write/compression.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import { formatObjectName, type ObjectName } from '../ostree/object-name.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { reachableObjects, type SeenObjects } from '../ostree/walk.ts';
import { keepLayers, type RewrittenLayer } from './kept-layers.ts';
import type { Snapshot } from './open.ts';
import { copyPreviousLayer } from './previous.ts';

export type CarriedOptions = {
  readonly publication: Publication;
  /** Objects that are embedded; emptied, because it takes as much memory as the names of the others. */
  readonly seen: SeenObjects;
  /** Layers below. */
  readonly below: number;
  readonly compression: Compression;
  /** Time of the image. */
  readonly created: string;
  /** Its layers are kept as far as that pays. */
  readonly previous?: Snapshot;
  /** Receives the layers of the previous snapshot that are written again. */
  readonly onRewritten?: (layers: readonly RewrittenLayer[]) => void;
  readonly onProgress?: (bytes: number) => void;
};

export type CarriedLayers = {
  readonly layers: readonly ImageLayer[];
  readonly listed: readonly ObjectLayer[];
  /** Objects in the layers that the snapshot does not have. */
  readonly hidden: readonly ObjectName[];
};

/** Runtime, deltas and the rest of the published repo. */
const LAYERS_ABOVE = 16;
/** Of former snapshots; a client of a registry asks for each. */
const MOST_KEPT = 48;
/** Archive files are compressed. */
const CONTENT_LEVEL = 1;

export async function putCarriedLayers(
  repo: Repository,
  sink: ImageSink,
  options: CarriedOptions,
): Promise<CarriedLayers> {
  const { publication, previous, onRewritten } = options;
  const names = await carriedNames(repo, publication, options.seen);
  options.seen.clear();
  const most = Math.max(1, Math.min(MOST_KEPT, MAX_LAYERS - LAYERS_ABOVE - options.below));
  const { kept, rewritten } = keepLayers(previous?.layers ?? [], names, most);
  if (rewritten.length > 0) onRewritten?.(rewritten);
  const layers: ImageLayer[] = [];
  const listed: ObjectLayer[] = [];
  const hidden: ObjectName[] = [];
  for (const layer of kept) {
    layers.push(await copyPreviousLayer(previous as Snapshot, layer, sink, options.onProgress));
    const objects = layer.objects.map((object) => ({
      ...object,
      isDead: !names.has(formatObjectName(object)),
    }));
    listed.push({ ...layer, objects });
    for (const object of objects) if (object.isDead) hidden.push(object);
  }
  for (const { objects } of listed) for (const object of objects) names.delete(formatObjectName(object));
  for (const { layer, listed: ofLayer } of await putNew(repo, sink, [...names.values()], options)) {
    layers.push(layer);
    listed.push(ofLayer);
  }
  return { layers, listed, hidden };
}

async function putNew(
  repo: Repository,
  sink: ImageSink,
  names: readonly ObjectName[],
  options: CarriedOptions,
): Promise<readonly PutObjectLayer[]> {
  const { publication, compression, onProgress } = options;
  const created = historyTimestamp(options.created);
  const isMetadata = ({ type }: ObjectName) => type !== 'file';
  const [metadata, content] = [names.filter(isMetadata), names.filter((name) => !isMetadata(name))];
  return withTemporaryDirectory(async (spool) => {
    const put = (part: readonly ObjectName[], level: Partial<Compression>) =>
      putObjectLayers(sink, part, {
        source: repo.objects,
        spool,
        compression: { ...compression, ...level },
        filesPerLayer: filesPerLayer(names.length, options),
        history: { created, created_by: `${OBJECTS_HISTORY}${publishedNames(publication)}` },
        ...(onProgress === undefined ? {} : { onProgress }),
      });
    return [...(await put(metadata, {})), ...(await put(content, { level: CONTENT_LEVEL }))];
  });
}

/** Every object of the commits that is not in `seen`, which it is added to; by its name. */
async function carriedNames(
  { objects }: Repository,
  { commits }: Publication,
  seen: SeenObjects,
): Promise<Map<string, ObjectName>> {
  const names = new Map<string, ObjectName>();
  for (const commit of commits) {
    for await (const name of reachableObjects(objects, commit, seen)) names.set(formatObjectName(name), name);
  }
  return names;
}

/** Importers of an OS keep files open; nothing limits the files of a snapshot without one. */
function filesPerLayer(files: number, { publication, below }: CarriedOptions): number {
  if (publication.isWithoutOs === true) return Number.POSITIVE_INFINITY;
  return Math.max(FILES_PER_LAYER, Math.ceil(files / (MAX_LAYERS - LAYERS_ABOVE - below)));
}
