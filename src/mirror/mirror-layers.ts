/** Writes the mirror's own layers, on top of an encapsulated image: the runtime and the published repo. */
import type { Warn } from '../base/errors.ts';
import { historyTimestamp, type ImageLayer } from '../container/encapsulate/image-draft.ts';
import { VIRTUAL_DELTAS } from '../delta/virtual/virtual-delta.ts';
import type { Compression } from '../oci/write/compression.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import { writeLayer } from '../oci/write/layer-writer.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { loadCommitObject, loadDirmeta } from '../ostree/load.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import {
  fileFromBytes,
  type LayerFile,
  layerFilesFrom,
  layerTar,
  layerTarBytes,
  type MirrorLayerOptions,
  withFiles,
} from './layer.ts';
import {
  DELTAS,
  DELTAS_HISTORY,
  PACKS,
  PACKS_HISTORY,
  PUBLISHED_REPO,
  PUBLISHED_REPO_HISTORY,
} from './layout.ts';
import type { Baked } from './packs/baker.ts';
import { embeddedCommit, type Publication, publishedNames } from './published-refs.ts';
import type { Runtime } from './runtime/runtime.ts';

export type MirrorLayersOptions = {
  readonly runtime: Runtime;
  /** Directory of the published repo. */
  readonly publishedRepo: string;
  /** Files of the published repo that are not in the directory. */
  readonly more?: readonly LayerFile[];
  readonly publication: Publication;
  /** The number of layers below ours. */
  readonly below: number;
  /** A source of the embedded commit. */
  readonly objects: ObjectSource;
  readonly compression: Compression;
  /** Time of the image, RFC 3339. */
  readonly created: string;
  readonly warn: Warn;
  readonly onProgress?: (bytes: number) => void;
};

export const FILES_PER_LAYER = 500;
/** Docker's overlay driver stops at 127. */
export const MAX_LAYERS = 120;
const RUNTIME_LAYERS = 1;
/** Parts of deltas are compressed. */
const DELTA_LEVEL = 1;
const WORLD_SEARCHABLE = 0o005;
/** A repository must have `objects`, and the layers have no directory entries. */
const OBJECTS_KEPT = fileFromBytes(`${PUBLISHED_REPO}/objects/.keep`, Buffer.alloc(0));

/**
 * Writes the runtime layer, which many images share, then the packs, a layer for each, because builds share
 * most of them, then the static deltas, and then the rest of the published repo. Deltas and the rest are one
 * layer each unless they have many files. Summary and delta indexes are in the last layer, so that deltas
 * change no other one.
 */
export async function putMirrorLayers(
  sink: ImageSink,
  options: MirrorLayersOptions,
): Promise<readonly ImageLayer[]> {
  const { runtime, publication, compression, below, warn } = options;
  const created = historyTimestamp(options.created);
  const progress = options.onProgress === undefined ? {} : { onProgress: options.onProgress };
  const layers = [await runtime.putLayer(sink, { compression, created, ...progress })];
  const put = async (
    files: readonly LayerFile[],
    about: string,
    { compression: ofLayer = compression, ...layerOptions }: PutOptions = {},
  ) => {
    const tar = layerTar(files, layerOptions);
    const { descriptor, diffId } = await writeLayer(sink, tar, { compression: ofLayer, ...progress });
    layers.push({ descriptor, diffId, history: { created, created_by: about } });
  };
  const { packs, deltas, others } = partition(
    withFiles(layerFilesFrom(options.publishedRepo, PUBLISHED_REPO), options.more ?? []),
  );
  const names = publishedNames(publication);
  for (const part of packParts(packs, below + RUNTIME_LAYERS)) await put(part, `${PACKS_HISTORY}${names}`);
  if (deltas.length > 0) {
    // Leaves a layer for the rest.
    for (const part of layerParts(deltas, below + layers.length + 1, warn))
      await put(part, `${DELTAS_HISTORY}${names}`, { compression: { ...compression, level: DELTA_LEVEL } });
  }
  const openRoot = await isRootClosed(options.objects, embeddedCommit(publication));
  for (const part of layerParts([OBJECTS_KEPT, ...others], below + layers.length, warn)) {
    await put(part, `${PUBLISHED_REPO_HISTORY}${names}`, { openRoot });
  }
  return layers;
}

/**
 * What {@link putMirrorLayers} reports for the published repo, unless it has more files than fit into layers.
 */
export async function publishedLayerBytes(publishedRepo: string): Promise<number> {
  const { packs, deltas, others } = partition(await layerFilesFrom(publishedRepo, PUBLISHED_REPO));
  const layers = [...packs.map((pack) => [pack]), deltas, [OBJECTS_KEPT, ...others]];
  const filled = layers.filter((files) => files.length > 0);
  return filled.reduce((sum, files) => sum + layerTarBytes(files), 0);
}

type PutOptions = MirrorLayerOptions & { readonly compression?: Compression };

function partition(files: readonly LayerFile[]) {
  const isPack = ({ path }: LayerFile) =>
    path.endsWith('.pack') && path.startsWith(`${PUBLISHED_REPO}/${PACKS}/`);
  const isDelta = ({ path }: LayerFile) =>
    [DELTAS, VIRTUAL_DELTAS].some((folder) => path.startsWith(`${PUBLISHED_REPO}/${folder}/`));
  return {
    packs: files.filter(isPack),
    deltas: files.filter(isDelta),
    others: files.filter((file) => !isPack(file) && !isDelta(file)),
  };
}

/** A layer for each pack, or as many as there may be above `below` layers and below the rest of the repo. */
export function packParts<File>(packs: readonly File[], below: number): readonly (readonly File[])[] {
  const layers = Math.max(1, Math.min(packs.length, MAX_LAYERS - below - 1));
  const size = Math.ceil(packs.length / layers);
  const parts = Array.from({ length: layers }, (_, part) => packs.slice(part * size, (part + 1) * size));
  return parts.filter((part) => part.length > 0);
}

/** What was baked, and what it adds to the image. */
export type BakedShare = Baked & {
  /** Compressed bytes of the layers of packs. */
  readonly layerBytes: number;
  /** Compressed bytes of all other layers. */
  readonly otherBytes: number;
};

/** `layers`: all layers of the image. */
export function shareOf(
  baked: Baked,
  layers: readonly (Pick<ImageLayer, 'descriptor'> & Partial<ImageLayer>)[],
): BakedShare {
  let [layerBytes, otherBytes] = [0, 0];
  for (const { descriptor, history } of layers) {
    if (history?.created_by?.startsWith(PACKS_HISTORY)) layerBytes += descriptor.size;
    else otherBytes += descriptor.size;
  }
  return { ...baked, layerBytes, otherBytes };
}

/** True if the mirror's user may not enter the commit's root directory. */
async function isRootClosed(objects: ObjectSource, commit: Checksum | undefined): Promise<boolean> {
  if (commit === undefined) return false;
  const { rootMeta } = await loadCommitObject(objects, commit);
  const { mode } = await loadDirmeta(objects, rootMeta);
  return (mode & WORLD_SEARCHABLE) !== WORLD_SEARCHABLE;
}

/**
 * Divides the files of the published repo among layers: at least one part, in the order of the files.
 * Importers of the image as an OS keep every file of such a layer open until the layer ends (layout.ts),
 * often with a limit of 1024 open files, and engines limit the number of layers. `below` is the number of
 * layers under them. If the layers do not suffice, the parts are larger, with a warning.
 */
export function layerParts<File>(
  files: readonly File[],
  below: number,
  warn: Warn,
): readonly (readonly File[])[] {
  const layers = Math.max(1, Math.min(Math.ceil(files.length / FILES_PER_LAYER), MAX_LAYERS - below));
  const size = Math.max(FILES_PER_LAYER, Math.ceil(files.length / layers));
  if (size > FILES_PER_LAYER) {
    warn(
      `the published repo has ${files.length} files, ${size} in a layer; ` +
        'an ostree client that imports the image as an OS opens as many at once (raise its `ulimit -n`)',
    );
  }
  return Array.from({ length: layers }, (_, part) => files.slice(part * size, (part + 1) * size));
}
