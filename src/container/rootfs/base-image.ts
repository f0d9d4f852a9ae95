/**
 * What an image that is made of another image's root filesystem takes over: configuration, labels, platform
 * and history. What described the base's commit is dropped, because the new image has another.
 */

import { TreeportError } from '../../base/errors.ts';
import { parseTimestamp } from '../../base/timestamp.ts';
import type { Annotations, Digest, Platform } from '../../oci/model/descriptor.ts';
import type { ContainerConfig, HistoryEntry, ImageConfig } from '../../oci/model/image-config.ts';
import { formatImageReference } from '../../oci/model/reference.ts';
import type { ImageDescription } from '../../oci/read/opened-image.ts';
import type { ImageDraft } from '../encapsulate/image-draft.ts';
import {
  LABEL_BOOTABLE,
  LABEL_COMMIT,
  LABEL_FINAL_DIFFID,
  LABEL_LINUX,
  LABEL_REFS,
  LABEL_VERSION,
} from '../labels.ts';

export type BaseImage = {
  readonly config: ContainerConfig;
  readonly platform: Platform;
  /** Seconds since 1970. */
  readonly created: number | undefined;
  readonly version: string | undefined;
  readonly history: readonly HistoryEntry[];
};

const STALE: readonly string[] = [
  LABEL_COMMIT,
  LABEL_FINAL_DIFFID,
  LABEL_BOOTABLE,
  LABEL_LINUX,
  'rpmostree.inputhash',
];

/** ERR_ALREADY_MIRROR for a mirror image, whose configuration starts a server that the new one lacks. */
export function baseImage({ config: image, reference }: ImageDescription): BaseImage {
  const labels: Annotations = image.config?.Labels ?? {};
  if (Object.hasOwn(labels, LABEL_REFS))
    throw new TreeportError(
      'ERR_ALREADY_MIRROR',
      `${formatImageReference(reference)} is a mirror image; start from the image that it was made from`,
    );
  const kept = Object.entries(labels).filter(([name]) => !STALE.includes(name));
  const { architecture, os, variant } = image;
  return {
    config: { ...image.config, Labels: Object.fromEntries(kept) },
    platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
    created: image.created === undefined ? undefined : parseTimestamp(image.created),
    version: labels[LABEL_VERSION],
    history: formerHistory(image, labels),
  };
}

/** The draft with the base's history, and its platform unless another was asked for. */
export function onBase(draft: ImageDraft, base: BaseImage, keepsPlatform: boolean): ImageDraft {
  const platform = keepsPlatform ? base.platform : draft.platform;
  return { ...draft, platform, formerHistory: base.history };
}

/**
 * The steps that led to the base. None has a layer of its own in the new image. Those that a commit's layers
 * have in an encapsulated image are dropped: each says only what was in a layer.
 */
function formerHistory({ history, rootfs }: ImageConfig, labels: Annotations): readonly HistoryEntry[] {
  const encapsulated = rootfs.diff_ids.indexOf(labels[LABEL_FINAL_DIFFID] as Digest);
  const kept: HistoryEntry[] = [];
  let layer = 0;
  for (const { comment: _, ...entry } of history ?? []) {
    if (entry.empty_layer === true) kept.push(entry);
    else if (layer++ > encapsulated) kept.push({ ...entry, empty_layer: true });
  }
  return kept;
}
