/** Image indexes: `index.json` of a layout, and multi-platform images (OCI image specification, image-index.md). */
import { type Annotations, checkDescriptor, type Descriptor, type Platform } from './descriptor.ts';
import { jsonArray, jsonObject, parseJson } from './json.ts';
import * as mediaTypes from './media-types.ts';

export type ImageIndex = {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Annotations;
};

const INDEX_TYPES: readonly string[] = [
  mediaTypes.MEDIA_TYPE_INDEX,
  mediaTypes.MEDIA_TYPE_DOCKER_MANIFEST_LIST,
];

export function isIndexType(mediaType: string): boolean {
  return INDEX_TYPES.includes(mediaType);
}

export const EMPTY_INDEX: ImageIndex = { schemaVersion: 2, manifests: [] };

/** The tag of an entry of a layout's index. */
export function tagOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[mediaTypes.ANNOTATION_REF_NAME];
}

/** An index entry for a manifest. */
export function indexEntry(manifest: Descriptor, platform: Platform, tag: string | undefined): Descriptor {
  const { mediaType, digest, size } = manifest;
  const entry = { mediaType, digest, size, platform };
  return tag === undefined ? entry : { ...entry, annotations: { [mediaTypes.ANNOTATION_REF_NAME]: tag } };
}

/**
 * `index` with `entry` in it. A tagged entry goes to the end in place of those with the same tag;
 * an untagged one replaces everything.
 */
export function withEntry(index: ImageIndex, entry: Descriptor): ImageIndex {
  const tag = tagOf(entry);
  if (tag === undefined) return { ...index, manifests: [entry] };
  return { ...index, manifests: [...index.manifests.filter((other) => tagOf(other) !== tag), entry] };
}

/** Parses an index; members that are not known here are kept. `what` names it in ERR_JSON. */
export function parseIndex(bytes: Uint8Array, what: string): ImageIndex {
  const object = jsonObject(parseJson(bytes, what), what);
  jsonArray(object.manifests, `${what}: manifests`).forEach((entry, i) => {
    checkDescriptor(entry, `${what}: manifests[${i}]`);
  });
  return object as unknown as ImageIndex;
}
