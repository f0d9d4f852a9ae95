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
import { formatObjectName, type ObjectName, parseObjectName } from '../ostree/object-name.ts';
import { type NameSet, ObjectNames } from '../ostree/object-names.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { carriedNames } from './carried-names.ts';
import { keepLayers, type RewrittenLayer } from './kept-layers.ts';
import type { Snapshot } from './open.ts';
import { copyPreviousLayer } from './previous.ts';

export type CarriedOptions = {
  readonly publication: Publication;
  /** Names of the objects that are embedded. */
  readonly embedded: NameSet;
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
  const { publication, previous, embedded, onRewritten } = options;
  const names = await carriedNames(repo, { publication, embedded, previous });
  const most = Math.max(1, Math.min(MOST_KEPT, MAX_LAYERS - LAYERS_ABOVE - options.below));
  const { kept, rewritten } = keepLayers(previous?.layers ?? [], names, most);
  if (rewritten.length > 0) onRewritten?.(rewritten);
  const layers: ImageLayer[] = [];
  const listed: ObjectLayer[] = [];
  const hidden: ObjectName[] = [];
  const there = new ObjectNames();
  for (const layer of kept) {
    layers.push(await copyPreviousLayer(previous as Snapshot, layer, sink, options.onProgress));
    const objects = layer.objects.map((object) => {
      const name = formatObjectName(object);
      there.add(name);
      const isDead = !names.has(name);
      return object.isDead === isDead ? object : { ...object, isDead };
    });
    listed.push({ ...layer, objects });
    for (const object of objects) if (object.isDead) hidden.push(object);
  }
  const added = new ObjectNames();
  for (const name of names) if (!there.has(name)) added.add(name);
  for (const { layer, listed: ofLayer } of await putNew(repo, sink, added, options)) {
    layers.push(layer);
    listed.push(ofLayer);
  }
  return { layers, listed, hidden };
}

async function putNew(
  repo: Repository,
  sink: ImageSink,
  names: NameSet,
  options: CarriedOptions,
): Promise<readonly PutObjectLayer[]> {
  const { publication, compression, onProgress } = options;
  const created = historyTimestamp(options.created);
  return withTemporaryDirectory(async (spool) => {
    const put = (part: Iterable<ObjectName>, level: Partial<Compression>) =>
      putObjectLayers(sink, part, {
        source: repo.objects,
        spool,
        compression: { ...compression, ...level },
        filesPerLayer: filesPerLayer(names.size, options),
        history: { created, created_by: `${OBJECTS_HISTORY}${publishedNames(publication)}` },
        ...(onProgress === undefined ? {} : { onProgress }),
      });
    const metadata = await put(objectsOf(names, { content: false }), {});
    return [...metadata, ...(await put(objectsOf(names, { content: true }), { level: CONTENT_LEVEL }))];
  });
}

/** One after the other, because an object with its name takes three times the memory. */
function* objectsOf(names: NameSet, { content }: { readonly content: boolean }): Generator<ObjectName> {
  for (const text of names) {
    const name = parseObjectName(text);
    if ((name.type === 'file') === content) yield name;
  }
}

/** Importers of an OS keep files open; nothing limits the files of a snapshot without one. */
function filesPerLayer(files: number, { publication, below }: CarriedOptions): number {
  if (publication.isWithoutOs === true) return Number.POSITIVE_INFINITY;
  return Math.max(FILES_PER_LAYER, Math.ceil(files / (MAX_LAYERS - LAYERS_ABOVE - below)));
}
