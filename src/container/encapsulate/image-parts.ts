/**
 * An image while it is being made: its layers are written, its configuration and manifest are not. More
 * layers may be put on top before `finishImage` writes both.
 */

import { canonicalJson } from '../../oci/model/canonical-json.ts';
import type { Descriptor, Digest, Platform } from '../../oci/model/descriptor.ts';
import { type ContainerConfig, type HistoryEntry, imageConfig } from '../../oci/model/image-config.ts';
import type { Json } from '../../oci/model/json.ts';
import { imageManifest } from '../../oci/model/manifest.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_MANIFEST } from '../../oci/model/media-types.ts';
import { type ImageSink, putBlob } from '../../oci/write/image-sink.ts';
import type { Labels } from '../labels.ts';

export type ImageLayer = {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly history: HistoryEntry;
};

export type ImageParts = {
  readonly platform: Platform;
  /** As the configuration says it: RFC 3339, or what the user gave. */
  readonly created: string;
  /** Without labels; those are apart because they are annotations too. */
  readonly config: ContainerConfig;
  readonly labels: Labels;
  readonly layers: readonly ImageLayer[];
};

/** Writes configuration and manifest, and makes the image the sink's. Returns the manifest's descriptor. */
export async function finishImage(sink: ImageSink, parts: ImageParts): Promise<Descriptor> {
  const { platform, created, layers, labels } = parts;
  const config = imageConfig({
    platform,
    created,
    config: { ...parts.config, Labels: { ...parts.config.Labels, ...labels } },
    layers,
  });
  const configBlob = await putBlob(sink, canonicalJson(config as Json), MEDIA_TYPE_CONFIG);
  const manifest = imageManifest({
    config: configBlob,
    layers: layers.map((layer) => layer.descriptor),
    annotations: labels,
  });
  const manifestBlob = await putBlob(sink, canonicalJson(manifest as Json), MEDIA_TYPE_MANIFEST);
  await sink.finish(manifestBlob, platform);
  return manifestBlob;
}
