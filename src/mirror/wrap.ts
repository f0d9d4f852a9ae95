/**
 * Wraps an encapsulated image as a mirror image, without the source repository: its layers are copied
 * unchanged, and the published repo is made from the objects in them.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TreeportError, type Warn } from '../base/errors.ts';
import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import { encapsulatedLayers } from '../container/inspect/layers.ts';
import { LABEL_REFS, type Labels } from '../container/labels.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { formatImageReference } from '../oci/model/reference.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import type { Compression } from '../oci/write/compression.ts';
import { copyBlob, type ImageSink, type OnImageBytes } from '../oci/write/image-sink.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import { signSummaryFiles } from '../signing/sign-files.ts';
import { withEmptyDirtree } from '../tar/empty-dirtree.ts';
import { ImageObjects, objectsNotEmbedded } from './image-objects.ts';
import { CATALOGUE_FILE } from './layout.ts';
import { type BakedShare, publishedLayerBytes, putMirrorLayers, shareOf } from './mirror-layers.ts';
import type { Bake } from './packs/bake.ts';
import { type Baked, withBaker } from './packs/baker.ts';
import { type Publication, publicationOfCommits } from './published-refs.ts';
import {
  addObject,
  catalogueContent,
  contentOfCommits,
  createPublishedRepo,
  finishPublishedRepo,
  writeRefs,
} from './published-repo.ts';
import { type RuntimeFor, withRuntime } from './runtime/runtime.ts';
import { storeVirtualDeltas } from './store-virtual-deltas.ts';
import { finishWrapped } from './wrapped-image.ts';

export type WrapOptions = {
  /** Refs to publish the commits as. Default: those they are bound to. */
  readonly refs: readonly string[];
  readonly labels: Labels;
  /** Of the mirror's own layers. */
  readonly compression: Compression;
  readonly runtimeFor: RuntimeFor;
  readonly bake: Bake;
  /** Whether to compute virtual deltas to the commits, which takes room on disk for their content. */
  readonly virtualDeltas: boolean;
  /** Sign the summary of the mirror. */
  readonly summarySigners?: readonly Signer[];
  readonly warn: Warn;
  /** Receives what was baked. */
  readonly onBaked?: (baked: BakedShare) => void;
  /** The total grows when the mirror's own layers are known. */
  readonly onProgress?: OnImageBytes;
};

/** Writes the mirror of `image` into `sink` and finishes it; the caller aborts the sink if this throws. */
export async function wrapImage(
  image: OpenedImage,
  sink: ImageSink,
  options: WrapOptions,
): Promise<Descriptor> {
  refuseMirror(image);
  const { ostree, derived } = encapsulatedLayers(image);
  if (derived.length > 0) {
    options.warn(
      `${derived.length} layers on top of the ostree commit are kept, but the mirror serves the commit alone`,
    );
  }
  return withRuntime(options.runtimeFor, image.config.architecture, (runtime) =>
    withTemporaryDirectory(async (directory) => {
      const { layers: copied } = image.manifest;
      const work = { total: bytesOf(ostree) + bytesOf(copied) + runtime.bytes };
      const onProgress = (bytes: number) => options.onProgress?.(bytes, work.total);
      const onPlanned = (bytes: number) => {
        work.total += bytes;
      };
      const published = await publishCommits(image, directory, { ...options, onProgress, onPlanned });
      onPlanned(await publishedLayerBytes(published.path));
      for (const layer of copied) await copyBlob(image, layer, sink, onProgress);
      const layers = await putMirrorLayers(sink, {
        runtime,
        publishedRepo: published.path,
        publication: published.publication,
        below: copied.length,
        objects: published.objects,
        compression: options.compression,
        created: image.config.created ?? '',
        warn: options.warn,
        onProgress,
      });
      const sizes = copied.map((descriptor) => ({ descriptor }));
      options.onBaked?.(shareOf(published.baked, [...sizes, ...layers]));
      return finishWrapped(image, sink, layers, {
        publication: published.publication,
        labels: options.labels,
        ostreeLayers: ostree.length,
      });
    }),
  );
}

function bytesOf(layers: readonly Descriptor[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}

function refuseMirror({ config, reference }: OpenedImage): void {
  if (config.config?.Labels?.[LABEL_REFS] === undefined) return;
  const name = formatImageReference(reference);
  throw new TreeportError(
    'ERR_ALREADY_MIRROR',
    `${name} is a mirror image already; wrap the encapsulated image that it was made from`,
  );
}

type PublishedCommits = {
  readonly path: string;
  readonly publication: Publication;
  readonly objects: ObjectSource;
  readonly baked: Baked;
};

type PublishCommitsOptions = WrapOptions & {
  readonly onProgress: (bytes: number) => void;
  /** Receives bytes that become work while the layers are read. */
  readonly onPlanned: (bytes: number) => void;
};

async function publishCommits(
  image: OpenedImage,
  directory: string,
  { refs, bake, virtualDeltas, summarySigners = [], warn, onProgress, onPlanned }: PublishCommitsOptions,
): Promise<PublishedCommits> {
  const path = join(directory, 'published');
  await mkdir(path);
  const archive = await createPublishedRepo(path);
  const { ostree } = encapsulatedLayers(image);
  const found = await ImageObjects.create(image, {
    layers: ostree,
    path: join(directory, 'objects'),
    keepsContent: virtualDeltas,
    onBytes: onProgress,
  });
  return withBaker(path, bake, async (baker) => {
    // Content that is kept is verified when it is written.
    await catalogueContent(archive, found.content(), { verify: !virtualDeltas, baker });
    const commits = found.commits();
    const metadata = await found.source();
    const objects = withEmptyDirtree(metadata);
    for await (const name of objectsNotEmbedded(metadata, commits, join(path, CATALOGUE_FILE))) {
      await addObject(archive, objects, name);
    }
    const baked = await baker.finish(contentOfCommits(objects, commits));
    const publication = await publicationOfCommits(objects, commits, refs, warn);
    await finishPublishedRepo(archive, { publication, objects, warn });
    writeRefs(archive, publication);
    await signSummaryFiles(path, summarySigners);
    if (virtualDeltas) await storeVirtualDeltas(path, objects, commits, { onPlanned, onMade: onProgress });
    return { path, publication, objects, baked };
  });
}
