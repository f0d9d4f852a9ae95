/**
 * The OCI image layout (OCI image specification, image-layout.md): its files, and its `index.json`, an image
 * index. A multi-platform image has an index of its own (image-index.md).
 */
import { canonicalJson } from './canonical-json.ts';
import {
  type Annotations,
  checkDescriptor,
  type Descriptor,
  type Digest,
  digestHex,
  type Platform,
} from './descriptor.ts';
import { jsonArray, jsonObject, parseJson } from './json.ts';
import * as mediaTypes from './media-types.ts';

export const INDEX_FILE = 'index.json';
export const LAYOUT_FILE = 'oci-layout';
export const BLOB_DIRECTORY = 'blobs/sha256';
/** The content of `oci-layout`. */
export const LAYOUT_MARKER: Buffer = canonicalJson({ imageLayoutVersion: '1.0.0' });

/** The path of a blob inside a layout. */
export function blobPath(digest: Digest): string {
  return `${BLOB_DIRECTORY}/${digestHex(digest)}`;
}

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

/** An index entry for a manifest, or for an index, which has no platform. */
export function indexEntry(
  manifest: Descriptor,
  platform: Platform | undefined,
  tag: string | undefined,
): Descriptor {
  const { mediaType, digest, size } = manifest;
  const entry = { mediaType, digest, size, ...(platform === undefined ? {} : { platform }) };
  return tag === undefined ? entry : { ...entry, annotations: { [mediaTypes.ANNOTATION_REF_NAME]: tag } };
}

/**
 * Adds `entry` to `index`. A tagged entry replaces those with the same tag and goes to the end; an untagged
 * entry replaces the whole list.
 */
export function withEntry(index: ImageIndex, entry: Descriptor): ImageIndex {
  const tag = tagOf(entry);
  if (tag === undefined) return { ...index, manifests: [entry] };
  return { ...index, manifests: [...index.manifests.filter((other) => tagOf(other) !== tag), entry] };
}

/** Parses an index and keeps unknown members. `what` names the document in ERR_JSON. */
export function parseIndex(bytes: Uint8Array, what: string): ImageIndex {
  const object = jsonObject(parseJson(bytes, what), what);
  jsonArray(object.manifests, `${what}: manifests`).forEach((entry, i) => {
    checkDescriptor(entry, `${what}: manifests[${i}]`);
  });
  return object as unknown as ImageIndex;
}
