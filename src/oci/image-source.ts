/**
 * Reads images: from OCI layouts and archives in place, from everywhere else through a temporary layout that skopeo
 * fills. All that is read is verified against the digests that lead to it.
 */
import { TreeportError } from '../base/errors.ts';
import { makeTemporaryDirectory } from '../base/temporary-directory.ts';
import { type BlobStore, openArchiveStore, openLayoutStore } from './blob-store.ts';
import type { Descriptor, Digest, Platform } from './descriptor.ts';
import { findManifest } from './find-manifest.ts';
import { type ImageConfig, parseImageConfig } from './image-config.ts';
import { readLayer } from './layer-reader.ts';
import { type ImageManifest, parseManifest } from './manifest.ts';
import * as mediaTypes from './media-types.ts';
import { formatImageReference, type ImageReference, layoutLocation } from './reference.ts';
import type { RegistryAccess } from './registry-access.ts';
import { platformFits, type Selection } from './select-manifest.ts';
import { skopeoCopy } from './skopeo.ts';
import { readBlob, readSmallBlob } from './verified-blob.ts';

export type OpenImageOptions = RegistryAccess & {
  /** Which image of several is meant. Without it this machine's where there is a choice, else the one there is. */
  readonly platform?: Platform;
  /** Have the containers policy decide on images in files as well, which are else read without it. */
  readonly enforcePolicy?: boolean;
};

export type OpenedImage = {
  readonly reference: ImageReference;
  readonly manifest: ImageManifest;
  readonly manifestDigest: Digest;
  readonly manifestBytes: Buffer;
  readonly config: ImageConfig;
  readonly configBytes: Buffer;
  /**
   * The bytes of a blob as they are stored. ERR_BLOB_MISSING; ERR_BLOB_CORRUPT, at the end at the latest, if size or
   * digest is wrong: what was read may only be believed when the stream has ended.
   */
  blob(descriptor: Descriptor): AsyncGenerator<Buffer>;
  /** The tar of a layer of this image, its digest and its diff-id verified in the same way. */
  layer(descriptor: Descriptor): AsyncGenerator<Buffer>;
  /** Must be called when nothing is being read any more. */
  close(): Promise<void>;
};

const CONFIG_TYPES: readonly string[] = [mediaTypes.MEDIA_TYPE_CONFIG, mediaTypes.MEDIA_TYPE_DOCKER_CONFIG];
/** Opens an image; ERR_IMAGE_MISSING, ERR_IMAGE_AMBIGUOUS, ERR_IMAGE_UNSUPPORTED, ERR_SKOPEO and the faults of its blobs. */
export async function openImage(
  reference: ImageReference,
  options: OpenImageOptions = {},
): Promise<OpenedImage> {
  const { store, tag } = await openStore(reference, options);
  try {
    const selection = { place: formatImageReference(reference), tag, platform: options.platform };
    return await readImage(store, reference, selection);
  } catch (error) {
    await store.close();
    throw error;
  }
}

type OpenedStore = {
  readonly store: BlobStore;
  readonly tag: string | undefined;
};

async function openStore(reference: ImageReference, options: OpenImageOptions): Promise<OpenedStore> {
  switch (reference.transport) {
    case 'oci': {
      const { path, tag } = layoutLocation(reference);
      return { store: await openLayoutStore(path), tag };
    }
    case 'oci-archive': {
      const { path, tag } = layoutLocation(reference);
      return { store: await openArchiveStore(path), tag };
    }
    default:
      return { store: await copyHere(reference, options), tag: undefined };
  }
}

/** A copy of the image in a temporary layout, which goes when the store is closed. */
async function copyHere(reference: ImageReference, options: OpenImageOptions): Promise<BlobStore> {
  const directory = await makeTemporaryDirectory();
  try {
    const path = `${directory.path}/image`;
    await skopeoCopy(formatImageReference(reference), `oci:${path}`, options);
    return { ...(await openLayoutStore(path)), close: () => directory.remove() };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

async function readImage(
  store: BlobStore,
  reference: ImageReference,
  selection: Selection,
): Promise<OpenedImage> {
  const descriptor = await findManifest(store, selection);
  const manifestName = `manifest ${descriptor.digest}`;
  const manifestBytes = await readSmallBlob(store, descriptor, manifestName);
  const manifest = parseManifest(manifestBytes, manifestName);
  if (!CONFIG_TYPES.includes(manifest.config.mediaType)) {
    throw unsupported(`${selection.place} is no container image: its config is ${manifest.config.mediaType}`);
  }
  const configName = `config ${manifest.config.digest}`;
  const configBytes = await readSmallBlob(store, manifest.config, configName);
  const config = parseImageConfig(configBytes, configName);
  checkPlatform(config, selection);
  return {
    reference,
    manifest,
    manifestDigest: descriptor.digest,
    manifestBytes,
    config,
    configBytes,
    blob: (blob) => readBlob(store, blob),
    layer: (layer) => readLayer(store, layer, diffIdOf(manifest, config, layer)),
    close: () => store.close(),
  };
}

/** The index need not say the platform; the config does. */
function checkPlatform(config: ImageConfig, { place, platform }: Selection): void {
  if (platform === undefined || platformFits(config, platform)) return;
  throw new TreeportError(
    'ERR_IMAGE_MISSING',
    `there is no image for ${platform.os}/${platform.architecture} in ${place}; there is ${config.os}/${config.architecture}`,
  );
}

function diffIdOf(manifest: ImageManifest, config: ImageConfig, layer: Descriptor): Digest {
  const position = manifest.layers.findIndex((other) => other.digest === layer.digest);
  const diffId = config.rootfs.diff_ids[position];
  if (diffId === undefined) throw unsupported(`layer ${layer.digest} has no diff-id in the image's config`);
  return diffId;
}

function unsupported(message: string): TreeportError {
  return new TreeportError('ERR_IMAGE_UNSUPPORTED', message);
}
