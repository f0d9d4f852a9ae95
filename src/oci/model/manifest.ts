/**
 * Image manifests (OCI image specification, manifest.md). Like ostree-ext, treeport writes them without
 * `mediaType`, which the descriptor has.
 */
import { TreeportError } from '../../base/errors.ts';
import { type Annotations, checkDescriptor, type Descriptor } from './descriptor.ts';
import { jsonArray, jsonObject, jsonStringMap, parseJson } from './json.ts';
import * as mediaTypes from './media-types.ts';

export type ImageManifest = {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Annotations;
};

export type ImageManifestOptions = {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Annotations;
};

const MANIFEST_TYPES: readonly string[] = [
  mediaTypes.MEDIA_TYPE_MANIFEST,
  mediaTypes.MEDIA_TYPE_DOCKER_MANIFEST,
];

export function isManifestType(mediaType: string): boolean {
  return MANIFEST_TYPES.includes(mediaType);
}

export function imageManifest(options: ImageManifestOptions): ImageManifest {
  return { schemaVersion: 2, ...options };
}

/** Parses a manifest and keeps unknown members. `what` names it in ERR_JSON and ERR_IMAGE_UNSUPPORTED. */
export function parseManifest(bytes: Uint8Array, what: string): ImageManifest {
  const object = jsonObject(parseJson(bytes, what), what);
  if (object.schemaVersion !== 2) {
    throw new TreeportError(
      'ERR_IMAGE_UNSUPPORTED',
      `${what} has schemaVersion ${object.schemaVersion}; only version 2 is supported`,
    );
  }
  checkDescriptor(object.config, `${what}: config`);
  jsonArray(object.layers, `${what}: layers`).forEach((layer, i) => {
    checkDescriptor(layer, `${what}: layers[${i}]`);
  });
  jsonStringMap(object.annotations, `${what}: annotations`);
  return object as unknown as ImageManifest;
}

const OCI_LAYER_TYPES: ReadonlyMap<string, string> = new Map([
  [mediaTypes.MEDIA_TYPE_DOCKER_LAYER, mediaTypes.MEDIA_TYPE_LAYER],
  [mediaTypes.MEDIA_TYPE_DOCKER_LAYER_GZIP, mediaTypes.MEDIA_TYPE_LAYER_GZIP],
]);

/** Converts a Docker manifest to an OCI one; the layers are the same bytes under other media types. */
export function withOciTypes({ mediaType: _, ...manifest }: ImageManifest): ImageManifest {
  const layers = manifest.layers.map((layer) => ({
    ...layer,
    mediaType: OCI_LAYER_TYPES.get(layer.mediaType) ?? layer.mediaType,
  }));
  return { ...manifest, layers };
}
