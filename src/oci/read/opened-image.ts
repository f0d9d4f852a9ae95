/**
 * An opened image: its manifest and config, parsed and verified, and its blobs to read. Every way to open one
 * (layout, archive, skopeo) gives this type.
 */
import { TreeportError } from '../../base/errors.ts';
import { checkRange } from '../../ostree/byte-range.ts';
import type { Descriptor, Digest, Platform } from '../model/descriptor.ts';
import { diffIdsOf } from '../model/diff-ids.ts';
import { type ImageConfig, parseImageConfig } from '../model/image-config.ts';
import type { ImageManifest } from '../model/manifest.ts';
import * as mediaTypes from '../model/media-types.ts';
import { platformFits } from '../model/platform.ts';
import { formatImageReference, type ImageReference } from '../model/reference.ts';
import type { BlobSource } from './blob-store.ts';
import { type OnBytes, readBlob, readLayer } from './read-blob.ts';

/** What an image says of itself. */
export type ImageDescription = {
  readonly reference: ImageReference;
  /** With the layers as they can be read. */
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
};

export type OpenedImage = ImageDescription & {
  /**
   * Digest of the manifest as it is stored, which `manifestBytes` may differ from: skopeo converts Docker
   * manifests.
   */
  readonly manifestDigest: Digest;
  readonly manifestBytes: Buffer;
  readonly configBytes: Buffer;
  /**
   * The bytes of a blob as they are stored. ERR_BLOB_MISSING; ERR_BLOB_CORRUPT, at the end at the latest, if
   * size or digest is wrong: a caller may rely on the bytes only when the stream has ended.
   */
  blob(descriptor: Descriptor): AsyncGenerator<Buffer>;
  /**
   * The bytes of a blob from `from` up to, and without, `to`; RangeError beyond its size. Never verified,
   * because a digest covers the whole blob. The cost depends on the source: see BlobSource.
   */
  bytes(descriptor: Descriptor, from: number, to: number): AsyncIterable<Uint8Array>;
  /** The tar of a layer of this image; its digest and its diff-id are verified in the same way. */
  layer(descriptor: Descriptor, onBytes?: OnBytes): AsyncGenerator<Buffer>;
  /** The same, but a piece lasts until the next is requested: for readers that keep none. */
  layerInPlace(descriptor: Descriptor, onBytes?: OnBytes): AsyncGenerator<Buffer>;
  /** Ends remote reads at once, for work that has failed: pending reads reject with the reason. */
  abort(reason: Error): void;
  /** Must be called when nothing is being read any more. */
  close(): Promise<void>;
};

export type OpenedImageOptions = Pick<
  OpenedImage,
  'reference' | 'manifest' | 'manifestDigest' | 'manifestBytes' | 'configBytes' | 'close'
> & {
  readonly blobs: BlobSource;
  /** The platform that the caller asked for. */
  readonly platform: Platform | undefined;
  /** Default: nothing is remote, so reads end by themselves. */
  readonly abort?: (reason: Error) => void;
};

const CONFIG_TYPES: readonly string[] = [mediaTypes.MEDIA_TYPE_CONFIG, mediaTypes.MEDIA_TYPE_DOCKER_CONFIG];

/**
 * The image with these documents. ERR_IMAGE_UNSUPPORTED, ERR_IMAGE_MISSING if it has another platform,
 * ERR_JSON; the caller closes the blobs if this throws.
 */
export function openedImage(options: OpenedImageOptions): OpenedImage {
  const { blobs, platform, abort = () => {}, ...documents } = options;
  const { reference, manifest, configBytes } = documents;
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
    ...documents,
    config,
    blob: (blob) => readBlob(blobs, blob),
    bytes: (blob, from, to) => {
      checkRange(from, to, blob.size);
      return blobs.bytes(blob, from, to);
    },
    layer: (layer, onBytes) => readLayer(blobs, layer, expected(layer), { onBytes }),
    layerInPlace: (layer, onBytes) => readLayer(blobs, layer, expected(layer), { onBytes, inPlace: true }),
    abort,
  };
}

/** An index entry may omit the platform; the config has it. */
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
