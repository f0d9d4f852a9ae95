/**
 * Creates a snapshot: a mirror image of many refs and commits, each object once. The main commit, if there is
 * one, is encapsulated; the objects of the others, as far as the main commit does not have them, are files of
 * the published repo in layers of their own.
 *
 *     layers of the encapsulated commit · layers of objects · runtime · static deltas · the rest of the repo
 */
import { TreeportError } from '../base/errors.ts';
import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import { platformOf } from '../container/encapsulate/encapsulate.ts';
import { finishImage, type ImageDraft } from '../container/encapsulate/image-draft.ts';
import { mirrorConfig, mirrorLabels } from '../mirror/mirror-config.ts';
import { putMirrorLayers } from '../mirror/mirror-layers.ts';
import { embeddedCommit, type Publication } from '../mirror/published-refs.ts';
import { type Runtime, withRuntime } from '../mirror/runtime/runtime.ts';
import { storeVirtualDeltas } from '../mirror/store-virtual-deltas.ts';
import { storeDeltas } from '../mirror/stored-deltas.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { DEFAULT_COMPRESSION } from '../oci/write/compression.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit } from '../ostree/revision.ts';
import { signSummaryFiles } from '../signing/sign-files.ts';
import { type CarriedLayers, putCarriedLayers } from './carried-layers.ts';
import { EmbeddedObjects } from './embedded-objects.ts';
import { osDraft } from './os-draft.ts';
import { checkLineage, runtimeLikeBefore } from './previous.ts';
import type { SnapshotOptions } from './snapshot-options.ts';
import { writeSnapshotRepo } from './snapshot-repo.ts';

type Context = {
  readonly directory: string;
  readonly draft: ImageDraft;
  readonly embedded: EmbeddedObjects;
  readonly carried: CarriedLayers;
  readonly runtime: Runtime;
};

/** Writes the image into `sink` and finishes it; the caller aborts the sink if this throws. */
export async function createSnapshot(
  repo: Repository,
  sink: ImageSink,
  options: SnapshotOptions,
): Promise<Descriptor> {
  const { publication, previous } = options;
  if (previous !== undefined) await checkLineage(previous, repo, publication);
  const [first] = publication.commits as readonly [Checksum];
  const { architecture } = platformOf(await loadCommit(repo, first), options.architecture);
  return withRuntime(options.runtimeFor, architecture, (runtime) =>
    withTemporaryDirectory((directory) =>
      unlessChanged(repo, publication, async () => {
        const embedded = new EmbeddedObjects(embeddedCommit(publication));
        const draft = await osDraft(repo, sink, embedded, options);
        const carried = await putCarriedLayers(repo, sink, {
          ...options,
          compression: options.compression ?? DEFAULT_COMPRESSION,
          created: draft.created,
          embedded: await embedded.walk(repo.objects),
          below: draft.layers.length,
        });
        return finish(repo, sink, options, { directory, draft, embedded, carried, runtime });
      }),
    ),
  );
}

async function finish(
  repo: Repository,
  sink: ImageSink,
  options: SnapshotOptions,
  { directory, draft, embedded, carried, runtime }: Context,
): Promise<Descriptor> {
  const { publication, cmd, deltas, previous, warn, onProgress, onDelta } = options;
  const about = { publication, embedded, carried, draft, previous, warn };
  const more = await writeSnapshotRepo(repo, directory, about);
  const stored = { choices: deltas, publication, warn };
  await storeDeltas(repo, directory, onDelta === undefined ? stored : { ...stored, onDelta });
  await signSummaryFiles(directory, options.summarySigners ?? []);
  if (deltas.some(({ kind }) => kind === 'virtual'))
    await storeVirtualDeltas(directory, repo.objects, publication.commits);
  const below = [...draft.layers, ...carried.layers];
  const layers = await putMirrorLayers(sink, {
    runtime: runtimeLikeBefore(runtime, previous),
    publishedRepo: directory,
    more,
    publication,
    below: below.length,
    objects: repo.objects,
    compression: options.compression ?? DEFAULT_COMPRESSION,
    created: draft.created,
    warn,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return finishImage(sink, {
    ...draft,
    config: mirrorConfig(draft.config, cmd),
    labels: mirrorLabels(publication, draft.labels, draft.created),
    layers: [...below, ...layers],
  });
}

/** An object that vanishes while refs move was pruned: ERR_REPO_CHANGED. */
async function unlessChanged<T>(
  repo: Repository,
  publication: Publication,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TreeportError) || error.code !== 'ERR_OBJECT_MISSING') throw error;
    const { haveRefsMoved } = await import('./refs-moved.ts');
    if (!(await haveRefsMoved(repo, publication))) throw error;
    throw new TreeportError(
      'ERR_REPO_CHANGED',
      `the repository ${repo.path} changed while it was read: its refs moved, and ${error.message}`,
      { cause: error },
    );
  }
}
