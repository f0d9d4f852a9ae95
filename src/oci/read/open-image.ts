/**
 * Reads images: from OCI layouts and archives in place, from everywhere else through skopeo. All that is read is verified
 * against the digests that lead to it.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Descriptor, Digest, Platform } from '../model/descriptor.ts';
import { diffIdsOf } from '../model/diff-ids.ts';
import { type ImageConfig, parseImageConfig } from '../model/image-config.ts';
import type { ImageManifest } from '../model/manifest.ts';
import * as mediaTypes from '../model/media-types.ts';
import { formatImageReference, type ImageReference, layoutLocation } from '../model/reference.ts';
import type { RegistryAccess } from '../skopeo/registry-access.ts';
import { type BlobStore, openArchiveStore, openLayoutStore } from './blob-store.ts';
import { type FoundImage, findInStore } from './found-image.ts';
import { type OnBytes, readLayer } from './layer-reader.ts';
import { platformFits } from './select-manifest.ts';
import { readBlob } from './verified-blob.ts';

export type OpenImageOptions = RegistryAccess & {
  /** Which image of several is meant. Without it this machine's where there is a choice, else the one there is. */
  readonly platform?: Platform;
  /** Have the containers policy decide on images in files as well, which are else read without it. */
  readonly enforcePolicy?: boolean;
  /** Blobs will be read more than once: an image from afar is copied here first instead of being streamed. */
  readonly reread?: boolean;
};

export type OpenedImage = {
  readonly reference: ImageReference;
  readonly manifest: ImageManifest;
  /** Of the image in its place, whose manifest may be another than `manifestBytes`: one of Docker's. */
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
  layer(descriptor: Descriptor, onBytes?: OnBytes): AsyncGenerator<Buffer>;
  /** Ends reading from afar at once, for work that has failed: what is being read rejects with the reason. */
  abort(reason: Error): void;
  /** Must be called when nothing is being read any more. */
  close(): Promise<void>;
};

const CONFIG_TYPES: readonly string[] = [mediaTypes.MEDIA_TYPE_CONFIG, mediaTypes.MEDIA_TYPE_DOCKER_CONFIG];
/**
 * Opens an image; ERR_IMAGE_MISSING, ERR_IMAGE_AMBIGUOUS, ERR_IMAGE_UNSUPPORTED, ERR_POLICY, what skopeo says of the
 * place, and the faults of its blobs.
 */
export async function openImage(
  reference: ImageReference,
  options: OpenImageOptions = {},
): Promise<OpenedImage> {
  const found = await find(reference, options);
  try {
    return opened(found, reference, options);
  } catch (error) {
    await found.close();
    throw error;
  }
}

async function find(reference: ImageReference, options: OpenImageOptions): Promise<FoundImage> {
  const { transport } = reference;
  if (options.enforcePolicy !== true && (transport === 'oci' || transport === 'oci-archive'))
    return findInFiles(reference, transport === 'oci' ? openLayoutStore : openArchiveStore, options);
  // It loads koffi, which takes as long as reading a small image.
  const { openThroughSkopeo } = await import('../skopeo/skopeo-image.ts');
  return openThroughSkopeo(reference, options);
}

async function findInFiles(
  reference: ImageReference,
  openStore: (path: string) => Promise<BlobStore>,
  { platform }: OpenImageOptions,
): Promise<FoundImage> {
  const { path, tag } = layoutLocation(reference);
  const store = await openStore(path);
  try {
    return await findInStore(store, { place: formatImageReference(reference), tag, platform });
  } catch (error) {
    await store.close();
    throw error;
  }
}

function opened(found: FoundImage, reference: ImageReference, { platform }: OpenImageOptions): OpenedImage {
  const { source, manifest, manifestDigest, manifestBytes, configBytes } = found;
  const place = formatImageReference(reference);
  if (!CONFIG_TYPES.includes(manifest.config.mediaType))
    throw unsupported(`${place} is no container image: its config is ${manifest.config.mediaType}`);
  const config = parseImageConfig(configBytes, `config ${manifest.config.digest}`);
  checkPlatform(config, place, platform);
  const expected = ({ digest }: Descriptor): readonly Digest[] => {
    const { own, former } = diffIdsOf(config, manifest, place);
    const position = manifest.layers.findIndex((layer) => layer.digest === digest);
    return [own, former].flatMap((diffIds) => diffIds[position] ?? []);
  };
  return {
    reference,
    manifest,
    manifestDigest,
    manifestBytes,
    config,
    configBytes,
    blob: (blob) => readBlob(source, blob),
    layer: (layer, onBytes) => readLayer(source, layer, expected(layer), onBytes),
    abort: (reason) => found.abort?.(reason),
    close: () => found.close(),
  };
}

/** The index need not say the platform; the config does. */
function checkPlatform(config: ImageConfig, place: string, platform: Platform | undefined): void {
  if (platform === undefined || platformFits(config, platform)) return;
  throw new TreeportError(
    'ERR_IMAGE_MISSING',
    `there is no image for ${platform.os}/${platform.architecture} in ${place}; there is ${config.os}/${config.architecture}`,
  );
}

function unsupported(message: string): TreeportError {
  return new TreeportError('ERR_IMAGE_UNSUPPORTED', message);
}
