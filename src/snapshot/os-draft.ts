/**
 * The part of a snapshot that is an operating system: the encapsulated commit, if there is one. If the
 * previous snapshot encapsulates the same commit, its layers are copied.
 */
import { TreeportError } from '../base/errors.ts';
import { draftOf, encapsulate, platformOf } from '../container/encapsulate/encapsulate.ts';
import { formatTimestamp, type ImageDraft, type ImageLayer } from '../container/encapsulate/image-draft.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit } from '../ostree/revision.ts';
import type { EmbeddedObjects } from './embedded-objects.ts';
import type { Snapshot } from './open.ts';
import { copyPreviousLayer } from './previous.ts';
import type { SnapshotOptions } from './snapshot-options.ts';

/** Without a main commit the image has no such layers, and is as old as the newest commit. */
export async function osDraft(
  repo: Repository,
  sink: ImageSink,
  embedded: EmbeddedObjects,
  options: SnapshotOptions,
): Promise<ImageDraft> {
  const { publication, config, labels, previous } = options;
  const { commit } = embedded;
  if (commit !== undefined && previous?.description.main === commit)
    return copiedDraft(repo, sink, embedded, { ...options, commit, previous });
  if (commit !== undefined)
    return encapsulate(repo.objects, commit, sink, { ...options, plan: embedded.plan(options.plan) });
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
  const [first, ...others] = listed;
  if (first === undefined)
    throw new TreeportError('ERR_SNAPSHOT', `${previous.name} has no layers of its main commit`);
  const layers: [ImageLayer, ...ImageLayer[]] = [await copy(first)];
  for (const layer of others) layers.push(await copy(layer));
  return draftOf({ checksum: commit, commit: await loadCommit(repo, commit) }, layers, options);
}
