/**
 * The part of a snapshot that is an operating system: the encapsulated commit, if there is one. If the
 * previous snapshot encapsulates the same commit, with the same detached metadata, its layers are copied.
 */
import { TreeportError } from '../base/errors.ts';
import { withMadePlan } from '../container/encapsulate/commit-layers.ts';
import { draftOf, encapsulate, platformOf } from '../container/encapsulate/encapsulate.ts';
import { formatTimestamp, type ImageDraft, type ImageLayer } from '../container/encapsulate/image-draft.ts';
import { checkImageValues } from '../container/encapsulate/image-values.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit } from '../ostree/revision.ts';
import { readCommitHead } from '../tar/commit-head.ts';
import type { EmbeddedObjects } from './embedded-objects.ts';
import { layerDescriptor, type Snapshot } from './open.ts';
import { copyPreviousLayer } from './previous.ts';
import type { SnapshotOptions } from './snapshot-options.ts';

/** Without a main commit the image has no such layers, and is as old as the newest commit. */
export async function osDraft(
  repo: Repository,
  sink: ImageSink,
  embedded: EmbeddedObjects,
  options: SnapshotOptions,
): Promise<ImageDraft> {
  const { publication, config = {}, labels = {}, previous } = options;
  checkImageValues(options);
  const { commit } = embedded;
  if (commit !== undefined && previous !== undefined && (await isEmbeddedIn(previous, repo, commit)))
    return copiedDraft(repo, sink, embedded, { ...options, commit, previous });
  if (commit !== undefined) {
    const planned = await withMadePlan({ ...options, ...(await options.planMain?.()) });
    return encapsulate(repo.objects, commit, sink, { ...planned, plan: embedded.plan(planned.plan) });
  }
  const times: number[] = [];
  for (const each of publication.commits) times.push((await loadCommit(repo, each)).timestamp);
  const [first] = publication.commits as readonly [Checksum];
  return {
    platform: platformOf(await loadCommit(repo, first), options.architecture),
    created: options.created ?? formatTimestamp(times.reduce((newest, time) => Math.max(newest, time), 0)),
    config,
    labels,
    layers: [],
  };
}

async function isEmbeddedIn(previous: Snapshot, { objects }: Repository, commit: Checksum): Promise<boolean> {
  if (previous.description.main !== commit) return false;
  const { detached } = await readCommitHead(
    previous.image.layer(layerDescriptor(previous.image, osLayer(previous))),
  );
  const name = { type: 'commitmeta', checksum: commit } as const;
  if (!(await objects.has(name))) return detached === undefined;
  return detached?.equals(await objects.metadata('commitmeta', commit)) === true;
}

/** The ostree layer of a snapshot that has a main commit. */
function osLayer({ layers, name }: Snapshot): ObjectLayer {
  const first = layers.find(({ kind }) => kind === 'os');
  if (first !== undefined) return first;
  throw new TreeportError('ERR_SNAPSHOT', `${name} has no layers of its main commit`);
}

type CopyOptions = SnapshotOptions & { readonly commit: Checksum; readonly previous: Snapshot };

async function copiedDraft(
  repo: Repository,
  sink: ImageSink,
  embedded: EmbeddedObjects,
  { commit, previous, ...options }: CopyOptions,
): Promise<ImageDraft> {
  const listed = previous.layers.filter(({ kind }) => kind === 'os');
  embedded.takeOver(listed);
  const copy = (layer: ObjectLayer) => copyPreviousLayer(previous, layer, sink, options.onProgress);
  const layers: [ImageLayer, ...ImageLayer[]] = [await copy(osLayer(previous))];
  for (const layer of listed.slice(1)) layers.push(await copy(layer));
  return draftOf({ checksum: commit, commit: await loadCommit(repo, commit) }, layers, options);
}
