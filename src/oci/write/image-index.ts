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
import { formatPlatform } from '../model/platform.ts';
import { formatImageReference } from '../model/reference.ts';
import type { OpenedImage } from '../read/opened-image.ts';
import { copyBlob, type ImageSink, type OnImageBytes, putBlob } from './image-sink.ts';

export type ImageIndexOptions = {
  /** Of the index. */
  readonly annotations: Annotations;
  /** With the total. */
  readonly onProgress?: OnImageBytes;
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
  const layers = images.flatMap(({ manifest }) => manifest.layers);
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const onBytes = onProgress && ((bytes: number) => onProgress(bytes, total));
  return writeIndexOf(sink, images, annotations, (image) => copyImage(sink, image, onBytes));
}

/**
 * Writes what `make` makes of each image, which finishes the sink that it gets as for an image alone, and an
 * index of those.
 */
export async function writeIndexOf(
  sink: ImageSink,
  images: readonly OpenedImage[],
  annotations: Annotations,
  make: (image: OpenedImage, sink: ImageSink, index: number) => Promise<Descriptor>,
): Promise<Descriptor> {
  refuseEqualPlatforms(images);
  const part: ImageSink = { ...partOf(sink), finish: async () => {}, abort: async () => {} };
  const manifests: Descriptor[] = [];
  for (const [index, image] of images.entries())
    manifests.push({ ...(await make(image, part, index)), platform: platformOf(image) });
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

function partOf(sink: ImageSink): Pick<ImageSink, 'has' | 'openBlob'> {
  return { has: (blob) => sink.has(blob), openBlob: () => sink.openBlob() };
}

async function copyImage(
  sink: ImageSink,
  image: OpenedImage,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<Descriptor> {
  const { manifest, configBytes } = image;
  for (const layer of manifest.layers) await copyBlob(image, layer, sink, onProgress);
  await putBlob(sink, configBytes, manifest.config.mediaType);
  return putBlob(sink, manifestOf(image), manifest.mediaType ?? mediaTypes.MEDIA_TYPE_MANIFEST);
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
    const platform = formatPlatform(platformOf(image));
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
