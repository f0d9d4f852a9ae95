/** Selects an image from an index by tag, then by platform. */
import { TreeportError } from '../../base/errors.ts';
import type { Descriptor, Platform } from '../model/descriptor.ts';
import { type ImageIndex, tagOf } from '../model/image-layout.ts';
import { hostPlatform, platformFits } from '../model/platform.ts';

export type Selection = {
  /** The image reference, for messages. */
  readonly place: string;
  /** Only entries with this tag; all if undefined. */
  readonly tag: string | undefined;
  /** If undefined, this machine's platform if there is a choice. */
  readonly platform: Platform | undefined;
};

/** An entry of the `index.json` of a layout. ERR_IMAGE_MISSING and ERR_IMAGE_AMBIGUOUS list what there is. */
export function selectTopLevel(index: ImageIndex, selection: Selection): Descriptor {
  const { place, platform } = selection;
  const tagged = taggedEntries(index, selection);
  const fitting = tagged.length === 1 ? tagged : tagged.filter((entry) => fits(entry, platform));
  if (fitting.length > 1) {
    throw new TreeportError(
      'ERR_IMAGE_AMBIGUOUS',
      `there are ${fitting.length} images in ${place}; ${listTags(index)}`,
    );
  }
  return fitting[0] ?? noPlatform(tagged, selection);
}

/** The entries with the tag, each image once; one at least. ERR_IMAGE_MISSING. */
export function taggedEntries(
  index: ImageIndex,
  { place, tag }: Pick<Selection, 'place' | 'tag'>,
): readonly Descriptor[] {
  const tagged = unique(index.manifests.filter((entry) => tag === undefined || tagOf(entry) === tag));
  if (tagged.length > 0) return tagged;
  const what = tag === undefined ? 'no image' : `no image with the tag ${JSON.stringify(tag)}`;
  throw new TreeportError('ERR_IMAGE_MISSING', `there is ${what} in ${place}; ${listTags(index)}`);
}

/** The first entry of a multi-platform image that fits the platform. */
export function selectNested(index: ImageIndex, selection: Selection): Descriptor {
  const entries = index.manifests;
  if (entries.length === 1 && selection.platform === undefined) return entries[0] as Descriptor;
  return entries.find((entry) => fits(entry, selection.platform)) ?? noPlatform(entries, selection);
}

/** An entry without a platform may fit. */
function fits(entry: Descriptor, platform: Platform | undefined): boolean {
  return entry.platform === undefined || platformFits(entry.platform, platform ?? hostPlatform());
}

function unique(entries: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(entries.map((entry) => [entry.digest, entry])).values()];
}

function noPlatform(entries: readonly Descriptor[], selection: Selection): never {
  const { architecture, os } = selection.platform ?? hostPlatform();
  const there = entries.map(({ platform }) =>
    platform ? `${platform.os}/${platform.architecture}` : 'unknown',
  );
  throw new TreeportError(
    'ERR_IMAGE_MISSING',
    `there is no image for ${os}/${architecture} in ${selection.place}; there is ${there.join(', ') || 'none at all'}`,
  );
}

function listTags(index: ImageIndex): string {
  const tags = index.manifests.flatMap((entry) => tagOf(entry) ?? []);
  return tags.length === 0 ? 'nothing there has a tag' : `the tags are ${[...new Set(tags)].join(', ')}`;
}
