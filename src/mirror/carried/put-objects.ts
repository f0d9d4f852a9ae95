/**
 * Puts the objects of commits that are not embedded into layers of their own: those of a snapshot, and of the
 * further commits of a mirror image. Metadata comes first, in layers without content, so that readers know
 * what they need before they read content.
 */
import { withTemporaryDirectory } from '../../base/temporary-directory.ts';
import { historyTimestamp } from '../../container/encapsulate/image-draft.ts';
import type { Compression } from '../../oci/write/compression.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import { type ObjectName, parseObjectName } from '../../ostree/object-name.ts';
import type { NameSet } from '../../ostree/object-names.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { OBJECTS_HISTORY } from '../layout.ts';
import { FILES_PER_LAYER, MAX_LAYERS } from '../mirror-layers.ts';
import { type Publication, publishedNames } from '../published-refs.ts';
import { type PutObjectLayer, putObjectLayers } from './object-layers.ts';

export type PutObjectsOptions = {
  readonly publication: Publication;
  /** Layers below. */
  readonly below: number;
  readonly compression: Compression;
  /** Time of the image. */
  readonly created: string;
  readonly onProgress?: (bytes: number) => void;
};

/** Runtime, deltas and the rest of the published repo. */
export const LAYERS_ABOVE = 16;
/** Archive files are compressed. */
const CONTENT_LEVEL = 1;

/** Writes the objects with these names, as files of the published repo, verified. */
export async function putObjects(
  source: ObjectSource,
  sink: ImageSink,
  names: NameSet,
  options: PutObjectsOptions,
): Promise<readonly PutObjectLayer[]> {
  const { publication, compression, onProgress } = options;
  const created = historyTimestamp(options.created);
  return withTemporaryDirectory(async (spool) => {
    const put = (part: Iterable<ObjectName>, level: Partial<Compression>) =>
      putObjectLayers(sink, part, {
        source,
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
function filesPerLayer(files: number, { publication, below }: PutObjectsOptions): number {
  if (publication.isWithoutOs === true) return Number.POSITIVE_INFINITY;
  return Math.max(FILES_PER_LAYER, Math.ceil(files / (MAX_LAYERS - LAYERS_ABOVE - below)));
}
