/**
 * An image under construction: its layers are written, its configuration and manifest are not. Callers may
 * add layers before `finishImage` writes both.
 */
import { TreeportError } from '../../base/errors.ts';
import { isoTimestamp, parseTimestamp } from '../../base/timestamp.ts';
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

export type ImageDraft = {
  readonly platform: Platform;
  /** The creation time in the configuration: RFC 3339, or the user's text verbatim. */
  readonly created: string;
  /** Without labels, which are separate because they are annotations too. */
  readonly config: ContainerConfig;
  readonly labels: Labels;
  readonly layers: readonly ImageLayer[];
  /**
   * Steps that led here and have no layer. They follow those of the layers, because ostree-ext takes the
   * first entries for the layers'.
   */
  readonly formerHistory?: readonly HistoryEntry[];
};

/** Writes configuration and manifest and finishes the sink. Returns the manifest's descriptor. */
export async function finishImage(sink: ImageSink, draft: ImageDraft): Promise<Descriptor> {
  const { platform, created, layers, labels } = draft;
  const config = imageConfig({
    platform,
    created,
    config: { ...draft.config, Labels: { ...draft.config.Labels, ...labels } },
    layers,
    formerHistory: draft.formerHistory ?? [],
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

/** Formats seconds since 1970 as `2026-11-20T14:27:28Z`; ERR_TIMESTAMP if RFC 3339 has no such time. */
export function formatTimestamp(seconds: number): string {
  const text = isoTimestamp(seconds);
  if (text !== undefined) return text;
  throw new TreeportError(
    'ERR_TIMESTAMP',
    `the timestamp of the commit, ${seconds}, is outside the years 0 to 9999; give the image a time with --created`,
  );
}

/**
 * The `created` of history entries: the image's own time in UTC, in whole seconds; 1970 if it is not a time.
 */
export function historyTimestamp(created: string): string {
  return isoTimestamp(parseTimestamp(created) ?? Number.NaN) ?? formatTimestamp(0);
}
