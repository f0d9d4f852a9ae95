/**
 * Wraps an encapsulated image as a mirror image, without the source repository: its layers are copied
 * unchanged, and the published repo is made from the objects in them.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TreeportError, type Warn } from '../base/errors.ts';
import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import type { ImageLayer } from '../container/encapsulate/image-draft.ts';
import { encapsulatedLayers } from '../container/inspect/layers.ts';
import { LABEL_FINAL_DIFFID, LABEL_REFS, type Labels } from '../container/labels.ts';
import { canonicalJson } from '../oci/model/canonical-json.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { diffIdsOf } from '../oci/model/diff-ids.ts';
import type { ImageConfig } from '../oci/model/image-config.ts';
import type { Json } from '../oci/model/json.ts';
import { type ImageManifest, withOciTypes } from '../oci/model/manifest.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_MANIFEST } from '../oci/model/media-types.ts';
import { formatImageReference } from '../oci/model/reference.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import type { Compression } from '../oci/write/compression.ts';
import { copyBlob, type ImageSink, putBlob } from '../oci/write/image-sink.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import { withEmptyDirtree } from '../tar/empty-dirtree.ts';
import { ImageObjects, objectsNotEmbedded } from './image-objects.ts';
import { CATALOGUE_FILE } from './layout.ts';
import { mirrorConfig, mirrorLabels } from './mirror-config.ts';
import { type BakedShare, putMirrorLayers, shareOf } from './mirror-layers.ts';
import type { Bake } from './packs/bake.ts';
import { type Baked, withBaker } from './packs/baker.ts';
import { type Publication, publicationOfCommits } from './published-refs.ts';
import {
  addObject,
  catalogueContent,
  contentOfCommits,
  createPublishedRepo,
  finishPublishedRepo,
} from './published-repo.ts';
import { type RuntimeFor, withRuntime } from './runtime/runtime.ts';
import { signPublishedSummary } from './sign-summary.ts';
import { storeVirtualDeltas } from './store-virtual-deltas.ts';

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
  /** Receives, from time to time, the number of bytes since the last call. */
  readonly onProgress?: (bytes: number) => void;
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
      const published = await publishCommits(image, directory, options);
      for (const layer of image.manifest.layers) await copyBlob(image, layer, sink, options.onProgress);
      const layers = await putMirrorLayers(sink, {
        runtime,
        publishedRepo: published.path,
        publication: published.publication,
        below: image.manifest.layers.length,
        objects: published.objects,
        compression: options.compression,
        created: image.config.created ?? '',
        warn: options.warn,
        ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      });
      const sizes = image.manifest.layers.map((descriptor) => ({ descriptor }));
      options.onBaked?.(shareOf(published.baked, [...sizes, ...layers]));
      return finishWrapped(image, sink, layers, {
        publication: published.publication,
        labels: options.labels,
        ostreeLayers: ostree.length,
      });
    }),
  );
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

async function publishCommits(
  image: OpenedImage,
  directory: string,
  { refs, bake, virtualDeltas, summarySigners = [], warn }: WrapOptions,
): Promise<PublishedCommits> {
  const path = join(directory, 'published');
  await mkdir(path);
  const archive = await createPublishedRepo(path);
  const { ostree } = encapsulatedLayers(image);
  const found = await ImageObjects.create(image, {
    layers: ostree,
    path: join(directory, 'objects'),
    keepsContent: virtualDeltas,
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
    await signPublishedSummary(path, summarySigners);
    if (virtualDeltas) await storeVirtualDeltas(path, objects, commits, warn);
    return { path, publication, objects, baked };
  });
}

type Described = {
  readonly publication: Publication;
  readonly labels: Labels;
  /** Number of layers that hold the commit. */
  readonly ostreeLayers: number;
};

/** Writes configuration and manifest: those of the image plus the mirror's layers and labels. */
async function finishWrapped(
  { config, manifest, reference }: OpenedImage,
  sink: ImageSink,
  layers: readonly ImageLayer[],
  { publication, labels, ostreeLayers }: Described,
): Promise<Descriptor> {
  const describe = (existing: Labels) => ({
    ...mirrorLabels(publication, existing, config.created),
    ...labels,
  });
  const { own } = diffIdsOf(config, manifest, formatImageReference(reference));
  const final = own[ostreeLayers - 1];
  const ofFinal: Labels = final === undefined ? {} : { [LABEL_FINAL_DIFFID]: final };
  const ours = mirrorConfig(config.config ?? {});
  const wrappedConfig: ImageConfig = {
    ...config,
    config: { ...ours, Labels: describe({ ...ours.Labels, ...ofFinal }) },
    rootfs: {
      ...config.rootfs,
      diff_ids: [...own, ...layers.map(({ diffId }) => diffId)],
    },
    ...(config.history ? { history: [...config.history, ...layers.map(({ history }) => history)] } : {}),
  };
  const configBlob = await putBlob(sink, canonicalJson(wrappedConfig as Json), MEDIA_TYPE_CONFIG);
  const wrapped: ImageManifest = {
    ...withOciTypes(manifest),
    config: configBlob,
    layers: [...withOciTypes(manifest).layers, ...layers.map(({ descriptor }) => descriptor)],
    annotations: describe(manifest.annotations ?? {}),
  };
  const { architecture, os, variant } = config;
  const platform = variant === undefined ? { architecture, os } : { architecture, os, variant };
  const manifestBlob = await putBlob(sink, canonicalJson(wrapped as Json), MEDIA_TYPE_MANIFEST);
  await sink.finish(manifestBlob, platform);
  return manifestBlob;
}
