/**
 * Puts new detached metadata, such as a new signature, into an existing image, without its repository. The
 * ostree layer is rewritten while it streams, with its own kind of compression; other layers are copied.
 * Diff-ids, and the label `ostree.final-diffid` in the config and in the manifest's annotations, follow.
 *
 * A mirror image needs no more: its published repo takes the detached metadata of the embedded commit from
 * the embedded repo. A file of it in the published repo would take precedence, so it is replaced as well.
 */
import type { Warn } from '../../base/errors.ts';
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
import { loosePath } from '../../ostree/object-name.ts';
import { readCommitHead } from '../../tar/commit-head.ts';
import type { CommitHead } from '../../tar/import-commit.ts';
import { readEntries } from '../../tar/read-entries.ts';
import { type ReplaceOptions, replaceCommitmeta } from '../../tar/replace-commitmeta.ts';
import { encapsulatedLayers } from '../inspect/layers.ts';
import { LABEL_FINAL_DIFFID, LABEL_REFS, type Labels } from '../labels.ts';

export type ReplaceDetachedOptions = {
  /** The new metadata, a serialized `a{sv}`; undefined removes it. */
  readonly change: (head: CommitHead) => Promise<Uint8Array | undefined>;
  /** Paths in the image that published repos of mirror images have. */
  readonly publishedRepos: readonly string[];
  readonly warn: Warn;
  readonly onProgress?: OnImageBytes;
};

type NewLayer = { readonly descriptor: Descriptor; readonly diffId: Digest };

/** Writes the image into `sink` and finishes it. ERR_NOT_ENCAPSULATED, ERR_TAR, the errors of the image. */
export async function replaceDetached(
  image: OpenedImage,
  sink: ImageSink,
  options: ReplaceDetachedOptions,
): Promise<Descriptor> {
  const { ostree, derived } = encapsulatedLayers(image);
  const [first] = ostree as readonly [Descriptor];
  const head = await readCommitHead(image.layer(first));
  const detached = await options.change(head);
  const isMirror = image.config.config?.Labels?.[LABEL_REFS] !== undefined;
  const scanned = isMirror ? derived : [];
  const total = [...image.manifest.layers, ...scanned].reduce((sum, { size }) => sum + size, 0);
  const onBytes = (bytes: number) => options.onProgress?.(bytes, total);
  const rewritten = new Map<number, NewLayer>();
  const rewrite = async (index: number, layer: ReplaceOptions['layer']) => {
    const descriptor = image.manifest.layers[index] as Descriptor;
    const tar = replaceCommitmeta(image.layer(descriptor, onBytes), { commit: head.commit, detached, layer });
    rewritten.set(index, await writeAlike(sink, descriptor, tar));
  };
  await rewrite(0, { kind: 'ostree' });
  for (const [position, descriptor] of scanned.entries()) {
    const repo = await publishedRepoIn(image.layer(descriptor, onBytes), head, options);
    if (repo !== undefined) await rewrite(ostree.length + position, { kind: 'published', repo });
  }
  for (const [index, layer] of image.manifest.layers.entries())
    if (!rewritten.has(index)) await copyBlob(image, layer, sink, onBytes);
  return finish(image, sink, { rewritten, last: ostree.length - 1 });
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

/** The published repo that has a file of the commit's detached metadata in this layer. Warns of deltas. */
async function publishedRepoIn(
  layer: AsyncIterable<Uint8Array>,
  { commit }: CommitHead,
  { publishedRepos, warn }: ReplaceDetachedOptions,
): Promise<string | undefined> {
  let found: string | undefined;
  let hasDeltas = false;
  for await (const { path } of readEntries(layer)) {
    const repo = publishedRepos.find((candidate) => path.startsWith(`${candidate}/`));
    if (repo === undefined) continue;
    if (path === `${repo}/${loosePath(commit, 'commitmeta')}`) found = repo;
    hasDeltas ||= path.startsWith(`${repo}/deltas/`);
  }
  if (hasDeltas)
    warn(
      'static deltas in the image hold a copy of the former signatures, so clients that verify may refuse them; build the mirror again to replace them',
    );
  return found;
}

type Changed = {
  readonly rewritten: ReadonlyMap<number, NewLayer>;
  /** Index of the last layer of the commit. */
  readonly last: number;
};

async function finish(
  { config, manifest, reference }: OpenedImage,
  sink: ImageSink,
  { rewritten, last }: Changed,
): Promise<Descriptor> {
  const { own } = diffIdsOf(config, manifest, formatImageReference(reference));
  const diffIds = own.map((diffId, index) => rewritten.get(index)?.diffId ?? diffId);
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
    layers: converted.layers.map((layer, index) => rewritten.get(index)?.descriptor ?? layer),
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
