/**
 * Builds a mirror image from a repository: encapsulates the first commit and adds the mirror's own layers.
 * The objects of the other commits, as far as the first does not have them, are in layers of their own.
 */
import type { Warn } from '../base/errors.ts';
import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import { type EncapsulateOptions, encapsulate, platformOf } from '../container/encapsulate/encapsulate.ts';
import { finishImage, type ImageDraft } from '../container/encapsulate/image-draft.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { DEFAULT_COMPRESSION } from '../oci/write/compression.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { formatObjectName } from '../ostree/object-name.ts';
import { type NameSet, ObjectNames } from '../ostree/object-names.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit } from '../ostree/revision.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import { reachableObjects } from '../ostree/walk.ts';
import { signSummaryFiles } from '../signing/sign-files.ts';
import { putObjects } from './carried/put-objects.ts';
import type { DeltaChoice } from './delta-choice.ts';
import { mirrorConfig, mirrorLabels } from './mirror-config.ts';
import { type BakedShare, putMirrorLayers, shareOf } from './mirror-layers.ts';
import type { Bake } from './packs/bake.ts';
import { type Baked, withBaker } from './packs/baker.ts';
import type { Publication } from './published-refs.ts';
import {
  addDetachedMetadata,
  catalogueContent,
  contentOfCommits,
  createPublishedRepo,
  finishPublishedRepo,
  type NamedContent,
  writeRefs,
} from './published-repo.ts';
import { type Runtime, type RuntimeFor, withRuntime } from './runtime/runtime.ts';
import { storeVirtualDeltas } from './store-virtual-deltas.ts';
import { type StoredDelta, storeDeltas } from './stored-deltas.ts';

export type BuildOptions = EncapsulateOptions & {
  readonly publication: Publication;
  readonly runtimeFor: RuntimeFor;
  readonly bake: Bake;
  /** The deltas to make, besides those of the repository. */
  readonly deltas: readonly DeltaChoice[];
  /** Sign the summary of the mirror. */
  readonly summarySigners?: readonly Signer[];
  readonly warn: Warn;
  /** Receives what was baked. */
  readonly onBaked?: (baked: BakedShare) => void;
  /** Receives each delta that was made. */
  readonly onDelta?: (made: StoredDelta) => void;
};

/** Writes the image into `sink` and finishes it; the caller aborts the sink if this throws. */
export async function buildMirror(
  repo: Repository,
  sink: ImageSink,
  options: BuildOptions,
): Promise<Descriptor> {
  const [checksum] = options.publication.commits as readonly [Checksum];
  const { architecture } = platformOf(await loadCommit(repo, checksum), options.architecture);
  return withRuntime(options.runtimeFor, architecture, async (runtime) => {
    const draft = await encapsulate(repo.objects, checksum, sink, options);
    return withTemporaryDirectory((directory) =>
      putMirror(repo, sink, options, { directory, draft, runtime }),
    );
  });
}

type MirrorContext = {
  readonly directory: string;
  readonly draft: ImageDraft;
  readonly runtime: Runtime;
};

async function putMirror(
  repo: Repository,
  sink: ImageSink,
  options: BuildOptions,
  { directory, draft, runtime }: MirrorContext,
): Promise<Descriptor> {
  const { publication, cmd, bake, deltas, warn, onProgress, onBaked, onDelta } = options;
  const compression = options.compression ?? DEFAULT_COMPRESSION;
  const progress = onProgress === undefined ? {} : { onProgress };
  const { created } = draft;
  const baked = await writePublishedRepo(directory, repo, { publication, bake, warn });
  const others = await putObjects(repo.objects, sink, await otherObjects(repo.objects, publication), {
    ...{ publication, compression, created, below: draft.layers.length },
    ...progress,
  });
  const below = [...draft.layers, ...others.map(({ layer }) => layer)];
  const stored = { choices: deltas, publication, warn };
  await storeDeltas(repo, directory, onDelta === undefined ? stored : { ...stored, onDelta });
  await signSummaryFiles(directory, options.summarySigners ?? []);
  if (deltas.some(({ kind }) => kind === 'virtual'))
    await storeVirtualDeltas(directory, repo.objects, publication.commits);
  const layers = await putMirrorLayers(sink, {
    runtime,
    publishedRepo: directory,
    publication,
    below: below.length,
    objects: repo.objects,
    ...{ compression, created, warn },
    ...progress,
  });
  const all = [...below, ...layers];
  onBaked?.(shareOf(baked, all));
  return finishImage(sink, {
    ...draft,
    config: mirrorConfig(draft.config, cmd),
    labels: mirrorLabels(publication, draft.labels, draft.created),
    layers: all,
  });
}

export type PublicationOptions = Pick<BuildOptions, 'publication' | 'bake' | 'warn'>;

/**
 * Writes the published repo without the objects of the other commits. Encapsulating has verified the first
 * commit; only what is baked is read again.
 */
export async function writePublishedRepo(
  path: string,
  repo: Repository,
  { publication, bake, warn }: PublicationOptions,
): Promise<Baked> {
  const { objects } = repo;
  const [embedded, ...others] = publication.commits as readonly [Checksum, ...Checksum[]];
  const archive = await createPublishedRepo(path);
  const baked = await withBaker(path, bake, async (baker) => {
    await catalogueContent(archive, contentOf(objects, embedded), { verify: false, baker });
    return baker.finish(contentOfCommits(objects, [embedded]));
  });
  await addDetachedMetadata(archive, objects, others);
  await finishPublishedRepo(archive, { publication, objects, origin: repo, warn });
  writeRefs(archive, publication);
  return baked;
}

async function* contentOf(objects: ObjectSource, commit: Checksum): AsyncGenerator<NamedContent> {
  for await (const { type, checksum } of reachableObjects(objects, commit)) {
    if (type === 'file') yield { checksum, object: await objects.content(checksum) };
  }
}

/** Names of the objects of the other commits that the first one does not have. */
export async function otherObjects(
  objects: ObjectSource,
  { commits: [embedded, ...others] }: Publication,
): Promise<NameSet> {
  const [seen, names] = [new ObjectNames(), new ObjectNames()];
  if (embedded === undefined || others.length === 0) return names;
  for await (const _ of reachableObjects(objects, embedded, seen));
  for (const commit of others)
    for await (const name of reachableObjects(objects, commit, seen)) names.add(formatObjectName(name));
  return names;
}
