/**
 * Configuration and manifest of a wrapped image: those of the encapsulated image, and what the mirror adds.
 */
import type { ImageLayer } from '../container/encapsulate/image-draft.ts';
import { LABEL_FINAL_DIFFID, type Labels } from '../container/labels.ts';
import { canonicalJson } from '../oci/model/canonical-json.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { diffIdsOf } from '../oci/model/diff-ids.ts';
import type { ImageConfig } from '../oci/model/image-config.ts';
import type { Json } from '../oci/model/json.ts';
import { type ImageManifest, withOciTypes } from '../oci/model/manifest.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_MANIFEST } from '../oci/model/media-types.ts';
import { formatImageReference } from '../oci/model/reference.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import { type ImageSink, putBlob } from '../oci/write/image-sink.ts';
import { mirrorConfig, mirrorLabels } from './mirror-config.ts';
import type { Publication } from './published-refs.ts';

export type WrappedParts = {
  readonly publication: Publication;
  readonly labels: Labels;
  /** Number of layers that hold the commit. */
  readonly ostreeLayers: number;
};

/** Writes configuration and manifest: those of the image plus the mirror's layers and labels. */
export async function finishWrapped(
  { config, manifest, reference }: OpenedImage,
  sink: ImageSink,
  layers: readonly ImageLayer[],
  { publication, labels, ostreeLayers }: WrappedParts,
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
