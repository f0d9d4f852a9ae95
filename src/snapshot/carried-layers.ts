/**
 * The layers of a snapshot's objects that are not embedded. Metadata comes first, in layers of its own, so
 * that readers know what they need before they read content.
 */

import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import { historyTimestamp, type ImageLayer } from '../container/encapsulate/image-draft.ts';
import { type ObjectLayersOptions, putObjectLayers } from '../mirror/carried/object-layers.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import { OBJECTS_HISTORY } from '../mirror/layout.ts';
import { FILES_PER_LAYER, MAX_LAYERS } from '../mirror/mirror-layers.ts';
import { type Publication, publishedNames } from '../mirror/published-refs.ts';
import type { Compression } from '../oci/write/compression.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import type { ObjectName } from '../ostree/object-name.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { reachableObjects, type SeenObjects } from '../ostree/walk.ts';

export type CarriedOptions = {
  readonly publication: Publication;
  /** Objects that are embedded; the others are added. */
  readonly seen: SeenObjects;
  /** Layers below. */
  readonly below: number;
  readonly compression: Compression;
  /** Time of the image. */
  readonly created: string;
  readonly onProgress?: (bytes: number) => void;
};

export type CarriedLayers = {
  readonly layers: readonly ImageLayer[];
  readonly listed: readonly ObjectLayer[];
};

/** Runtime, deltas and the rest of the published repo. */
const LAYERS_ABOVE = 16;
/** Archive files are compressed. */
const CONTENT_LEVEL = 1;

export async function putCarriedLayers(
  repo: Repository,
  sink: ImageSink,
  options: CarriedOptions,
): Promise<CarriedLayers> {
  const { publication, seen, compression, onProgress } = options;
  const created = historyTimestamp(options.created);
  const names = await carriedNames(repo, publication, seen);
  const isMetadata = ({ type }: ObjectName) => type !== 'file';
  const [metadata, content] = [names.filter(isMetadata), names.filter((name) => !isMetadata(name))];
  return withTemporaryDirectory(async (spool) => {
    const put = (part: readonly ObjectName[], level: Partial<Compression>) => {
      const layerOptions: ObjectLayersOptions = {
        source: repo.objects,
        spool,
        compression: { ...compression, ...level },
        filesPerLayer: filesPerLayer(names.length, options),
        history: { created, created_by: `${OBJECTS_HISTORY}${publishedNames(publication)}` },
        ...(onProgress === undefined ? {} : { onProgress }),
      };
      return putObjectLayers(sink, part, layerOptions);
    };
    const all = [...(await put(metadata, {})), ...(await put(content, { level: CONTENT_LEVEL }))];
    return { layers: all.map(({ layer }) => layer), listed: all.map(({ listed }) => listed) };
  });
}

/** Every object of the commits that is not in `seen`, which it is added to. */
async function carriedNames(
  { objects }: Repository,
  { commits }: Publication,
  seen: SeenObjects,
): Promise<readonly ObjectName[]> {
  const names: ObjectName[] = [];
  for (const commit of commits) {
    for await (const name of reachableObjects(objects, commit, seen)) names.push(name);
  }
  return names;
}

/** Importers of an OS keep files open; nothing limits the files of a snapshot without one. */
function filesPerLayer(files: number, { publication, below }: CarriedOptions): number {
  if (publication.isWithoutOs === true) return Number.POSITIVE_INFINITY;
  return Math.max(FILES_PER_LAYER, Math.ceil(files / (MAX_LAYERS - LAYERS_ABOVE - below)));
}
