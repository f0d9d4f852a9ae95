/**
 * Writes an image index (OCI image specification, image-index.md): images for several platforms under one
 * name, from any places. Manifests, configs and layers are kept byte for byte, so that digests and signatures
 * of the images stay.
 */
import { TreeportError } from '../../base/errors.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import type { Annotations, Descriptor, Platform } from '../model/descriptor.ts';
import { imageManifest } from '../model/manifest.ts';
import * as mediaTypes from '../model/media-types.ts';
import { formatImageReference } from '../model/reference.ts';
import type { OpenedImage } from '../read/opened-image.ts';
import { copyBlob, type ImageSink, putBlob } from './image-sink.ts';

export type ImageIndexOptions = {
  /** Of the index. */
  readonly annotations: Annotations;
  readonly onProgress?: (bytes: number) => void;
};

/**
 * Copies the images into the sink and finishes it with the index; returns the index's descriptor. ERR_USAGE
 * if two images are for the same platform, the errors of the images' blobs.
 */
export async function writeImageIndex(
  sink: ImageSink,
  images: readonly OpenedImage[],
  { annotations, onProgress }: ImageIndexOptions,
): Promise<Descriptor> {
  refuseEqualPlatforms(images);
  const manifests: Descriptor[] = [];
  for (const image of images) manifests.push(await copyImage(sink, image, onProgress));
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.MEDIA_TYPE_INDEX,
    manifests,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  const descriptor = await putBlob(sink, canonicalJson(index), mediaTypes.MEDIA_TYPE_INDEX);
  await sink.finish(descriptor, undefined);
  return descriptor;
}

/** The descriptor of the image in the index. */
async function copyImage(
  sink: ImageSink,
  image: OpenedImage,
  onProgress: ImageIndexOptions['onProgress'],
): Promise<Descriptor> {
  const { manifest, configBytes } = image;
  for (const layer of manifest.layers) await copyBlob(image, layer, sink, onProgress);
  await putBlob(sink, configBytes, manifest.config.mediaType);
  const mediaType = manifest.mediaType ?? mediaTypes.MEDIA_TYPE_MANIFEST;
  return { ...(await putBlob(sink, manifestOf(image), mediaType)), platform: platformOf(image) };
}

/** As it is stored; anew for an image of containers-storage, whose layers have other digests there. */
function manifestOf({ manifest, manifestBytes }: OpenedImage): Buffer {
  const stored = (JSON.parse(manifestBytes.toString('utf8')) as typeof manifest).layers;
  const isInPlace = manifest.layers.every(({ digest }, index) => stored[index]?.digest === digest);
  return isInPlace ? manifestBytes : canonicalJson(imageManifest(manifest));
}

function platformOf({ config: { architecture, os, variant } }: OpenedImage): Platform {
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

function refuseEqualPlatforms(images: readonly OpenedImage[]): void {
  const seen = new Map<string, OpenedImage>();
  for (const image of images) {
    const { os, architecture, variant } = platformOf(image);
    const platform = [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
    const other = seen.get(platform);
    if (other !== undefined) {
      const places = [other, image].map(({ reference }) => formatImageReference(reference));
      throw new TreeportError(
        'ERR_USAGE',
        `two images are for ${platform}: ${places.join(' and ')}; an index has one image for each platform`,
      );
    }
    seen.set(platform, image);
  }
}
