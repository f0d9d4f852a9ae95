/**
 * Puts new detached metadata, such as new signatures, into an existing image, without its repository. The
 * ostree layer is rewritten while it streams, with its own kind of compression, and so are layers with files
 * of a published repo that follow from the change (published-files.ts); other layers are copied. Diff-ids,
 * and the label `ostree.final-diffid` in the config and in the manifest's annotations, follow.
 */

import { canonicalJson } from '../../oci/model/canonical-json.ts';
import type { Descriptor, Digest } from '../../oci/model/descriptor.ts';
import { diffIdsOf } from '../../oci/model/diff-ids.ts';
import type { ImageConfig } from '../../oci/model/image-config.ts';
import type { Json } from '../../oci/model/json.ts';
import { type ImageManifest, withOciTypes } from '../../oci/model/manifest.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_MANIFEST } from '../../oci/model/media-types.ts';
import { formatImageReference } from '../../oci/model/reference.ts';
import type { OpenedImage } from '../../oci/read/opened-image.ts';
import { type Compression, DEFAULT_COMPRESSION, parseCompression } from '../../oci/write/compression.ts';
import { copyBlob, type ImageSink, type OnImageBytes, putBlob } from '../../oci/write/image-sink.ts';
import { writeLayer } from '../../oci/write/layer-writer.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { readCommitHead } from '../../tar/commit-head.ts';
import type { CommitHead } from '../../tar/import-commit.ts';
import { replaceCommitmeta, replaceFiles } from '../../tar/replace-entries.ts';
import { encapsulatedLayers } from '../inspect/layers.ts';
import { LABEL_FINAL_DIFFID, LABEL_REFS, type Labels } from '../labels.ts';
import { findPublishedFiles, type PublishedFiles, publishedChanges } from './published-files.ts';

export type ReplaceDetachedOptions = {
  /** The new metadata of a commit, a serialized `a{sv}`; undefined removes it. */
  readonly change: (head: CommitHead) => Promise<Uint8Array | undefined>;
  /** The commits to change. Default: the encapsulated one alone. */
  readonly commits?: { readonly encapsulated: boolean; readonly carried: readonly CommitHead[] };
  /** How files of published repos follow. */
  readonly published: PublishedFiles;
  readonly onProgress?: OnImageBytes;
};

type NewLayer = { readonly descriptor: Descriptor; readonly diffId: Digest };

/** Writes the image into `sink` and finishes it. ERR_NOT_ENCAPSULATED, ERR_TAR, the errors of the image. */
export async function replaceDetached(
  image: OpenedImage,
  sink: ImageSink,
  options: ReplaceDetachedOptions,
): Promise<Descriptor> {
  const { commits = { encapsulated: true, carried: [] }, published } = options;
  const { layers } = image.manifest;
  const isMirror = image.config.config?.Labels?.[LABEL_REFS] !== undefined;
  // A snapshot may have no commit that is encapsulated.
  const ostree = isMirror && !isEncapsulated(image) ? [] : encapsulatedLayers(image).ostree;
  const scanned = isMirror ? layers.slice(ostree.length) : [];
  const total = [...layers, ...scanned].reduce((sum, { size }) => sum + size, 0);
  const onBytes = (bytes: number) => options.onProgress?.(bytes, total);
  const rewritten = new Map<Descriptor, NewLayer>();
  const metadata = new Map<Checksum, Uint8Array | undefined>();
  const [first] = commits.encapsulated ? encapsulatedLayers(image).ostree : [];
  if (first !== undefined) {
    const head = await readCommitHead(image.layer(first));
    const detached = await options.change(head);
    metadata.set(head.commit, detached);
    const tar = replaceCommitmeta(image.layer(first, onBytes), head.commit, detached);
    rewritten.set(first, await writeAlike(sink, first, tar));
  }
  for (const head of commits.carried) metadata.set(head.commit, await options.change(head));
  const found = await findPublishedFiles(scanned, (layer) => image.layer(layer, onBytes), published);
  const carried = new Set(commits.carried.map(({ commit }) => commit));
  const moved = new Map([...rewritten].map(([former, { descriptor }]) => [former.digest, descriptor]));
  for (const change of publishedChanges(found, { metadata, carried, moved }, published)) {
    const tar = replaceFiles(image.layer(change.layer, onBytes), change.files, change.added);
    rewritten.set(change.layer, await writeAlike(sink, change.layer, tar));
  }
  for (const layer of layers) if (!rewritten.has(layer)) await copyBlob(image, layer, sink, onBytes);
  return finish(image, sink, { rewritten, last: ostree.length - 1 });
}

function isEncapsulated({ config }: OpenedImage): boolean {
  return config.config?.Labels?.[LABEL_FINAL_DIFFID] !== undefined;
}

async function writeAlike(
  sink: ImageSink,
  { mediaType, annotations }: Descriptor,
  tar: AsyncIterable<Uint8Array>,
): Promise<NewLayer> {
  return writeLayer(sink, tar, {
    compression: compressionOf(mediaType),
    ...(annotations === undefined ? {} : { annotations }),
  });
}

function compressionOf(mediaType: string): Compression {
  return mediaType.endsWith('zstd') ? parseCompression('zstd') : DEFAULT_COMPRESSION;
}

type Changed = {
  readonly rewritten: ReadonlyMap<Descriptor, NewLayer>;
  /** Index of the last layer of the commit; -1 without one. */
  readonly last: number;
};

async function finish(
  { config, manifest, reference }: OpenedImage,
  sink: ImageSink,
  { rewritten, last }: Changed,
): Promise<Descriptor> {
  const { own } = diffIdsOf(config, manifest, formatImageReference(reference));
  const layerAt = (index: number) => rewritten.get(manifest.layers[index] as Descriptor);
  const diffIds = own.map((diffId, index) => layerAt(index)?.diffId ?? diffId);
  const relabelled = (labels: Labels | undefined): Labels => ({
    ...labels,
    ...(labels?.[LABEL_FINAL_DIFFID] === undefined ? {} : { [LABEL_FINAL_DIFFID]: diffIds[last] as string }),
  });
  const newConfig: ImageConfig = {
    ...config,
    config: { ...config.config, Labels: relabelled(config.config?.Labels) },
    rootfs: { ...config.rootfs, diff_ids: diffIds },
  };
  const configBlob = await putBlob(sink, canonicalJson(newConfig as Json), MEDIA_TYPE_CONFIG);
  const converted = withOciTypes(manifest);
  const newManifest: ImageManifest = {
    ...converted,
    config: configBlob,
    layers: converted.layers.map((layer, index) => layerAt(index)?.descriptor ?? layer),
    ...(manifest.annotations === undefined ? {} : { annotations: relabelled(manifest.annotations) }),
  };
  const manifestBlob = await putBlob(sink, canonicalJson(newManifest as Json), MEDIA_TYPE_MANIFEST);
  const { architecture, os, variant } = config;
  await sink.finish(
    manifestBlob,
    variant === undefined ? { architecture, os } : { architecture, os, variant },
  );
  return manifestBlob;
}
