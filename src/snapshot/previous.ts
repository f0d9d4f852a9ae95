/**
 * The snapshot that a new one continues: its layers are copied byte for byte. It must be of the same line:
 * have a commit of the repository, or a parent of one that is taken now.
 */
import { TreeportError } from '../base/errors.ts';
import type { ImageLayer } from '../container/encapsulate/image-draft.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import { markedLayers } from '../mirror/published-layers.ts';
import type { Publication } from '../mirror/published-refs.ts';
import type { Runtime } from '../mirror/runtime/runtime.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { diffIdsOf } from '../oci/model/diff-ids.ts';
import { copyBlob, type ImageSink } from '../oci/write/image-sink.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit } from '../ostree/revision.ts';
import { layerDescriptor, type Snapshot } from './open.ts';

/** ERR_SNAPSHOT_LINEAGE, ERR_COLLECTION_CONFLICT. */
export async function checkLineage(
  previous: Snapshot,
  repo: Repository,
  { commits, refs }: Publication,
): Promise<void> {
  const former = new Set(previous.description.commits.map(({ checksum }) => checksum));
  for (const commit of commits) {
    const { parent } = await loadCommit(repo, commit);
    if (former.has(commit) || (parent !== undefined && former.has(parent)))
      return checkSameCollection(previous, refs);
  }
  for (const checksum of former)
    if (await repo.objects.has({ type: 'commit', checksum })) return checkSameCollection(previous, refs);
  throw new TreeportError(
    'ERR_SNAPSHOT_LINEAGE',
    `${previous.name} is a snapshot of another repository: ${repo.path} has none of its commits; leave --previous out, or name the right one`,
  );
}

function checkSameCollection(previous: Snapshot, refs: Publication['refs']): void {
  const collectionOf = new Map(refs.map(({ name, collection }) => [name, collection]));
  for (const { name, collections } of previous.refs) {
    const now = collectionOf.get(name);
    if (now === undefined || collections.length === 0 || collections.includes(now)) continue;
    throw new TreeportError(
      'ERR_COLLECTION_CONFLICT',
      `the ref ${name} is of the collection ${collections[0]} in ${previous.name}, and of ${now} in the repository`,
    );
  }
}

/**
 * The layers that a new snapshot can keep. Objects in the published repo's own layers, as mirror images had
 * them, are written again.
 */
export function layersToKeep({ image, layers }: Snapshot): readonly ObjectLayer[] {
  const own = markedLayers(image).filter(({ kind }) => kind === 'objects');
  const digests = new Set(own.map(({ layer }) => layer.digest));
  return layers.filter(({ digest }) => digests.has(digest));
}

/** Copies a layer of the previous snapshot unless the sink has it. */
export function copyPreviousLayer(
  previous: Snapshot,
  listed: ObjectLayer,
  sink: ImageSink,
  onProgress?: (bytes: number) => void,
): Promise<ImageLayer> {
  return copyLayer(previous, layerDescriptor(previous.image, listed), sink, onProgress);
}

/** The runtime, whose layer is copied if the previous snapshot has the same. */
export function runtimeLikeBefore(runtime: Runtime, previous: Snapshot | undefined): Runtime {
  if (previous === undefined) return runtime;
  return {
    ...runtime,
    putLayer: async (sink, options) => {
      const { config, manifest } = previous.image;
      const position = diffIdsOf(config, manifest, previous.name).own.indexOf(await runtime.diffId());
      const descriptor = manifest.layers[position];
      return descriptor === undefined
        ? runtime.putLayer(sink, options)
        : copyLayer(previous, descriptor, sink, options.onProgress);
    },
  };
}

async function copyLayer(
  { image, name }: Snapshot,
  descriptor: Descriptor,
  sink: ImageSink,
  onProgress?: (bytes: number) => void,
): Promise<ImageLayer> {
  const { config, manifest } = image;
  await copyBlob(image, descriptor, sink, onProgress);
  const position = manifest.layers.indexOf(descriptor);
  const diffId = diffIdsOf(config, manifest, name).own[position];
  const history = (config.history ?? []).filter(({ empty_layer }) => empty_layer !== true)[position];
  if (diffId !== undefined && history !== undefined) return { descriptor, diffId, history };
  throw new TreeportError('ERR_SNAPSHOT', `${name} does not describe its layer ${descriptor.digest}`);
}
