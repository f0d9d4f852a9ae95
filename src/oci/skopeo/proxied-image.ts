/**
 * An image read through skopeo's image proxy: blobs are streamed and nothing is stored. The proxy converts a
 * Docker manifest to an OCI one but gives the digest of the original; the blobs are the same.
 */
import { collect } from '../../base/bytes.ts';
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import { rangeOf } from '../../ostree/byte-range.ts';
import { type Descriptor, type Digest, digestOf, type Platform, parseDigest } from '../model/descriptor.ts';
import { type Json, jsonArray, jsonObject, jsonSize, jsonString } from '../model/json.ts';
import { type ImageManifest, parseManifest } from '../model/manifest.ts';
import { formatImageReference, type ImageReference } from '../model/reference.ts';
import type { BlobSource } from '../read/blob-store.ts';
import { type OpenedImage, openedImage } from '../read/opened-image.ts';
import { readSmallBlob } from '../read/read-blob.ts';
import type { ImageProxy } from './image-proxy.ts';
import { type OpenedProxy, ProxyPool } from './proxy-pool.ts';

export type ProxiedImageOptions = {
  readonly reference: ImageReference;
  /** The platform that the caller asked for. */
  readonly platform: Platform | undefined;
  /** Starts another proxy, for blobs that are read at the same time. */
  readonly start: () => Promise<ImageProxy>;
};

/**
 * Opens the image through `proxy`. Closing the image closes all its proxies; the caller closes `proxy` if
 * this throws.
 */
export async function openProxiedImage(
  proxy: ImageProxy,
  { reference, platform, start }: ProxiedImageOptions,
): Promise<OpenedImage> {
  const place = formatImageReference(reference);
  const image = await proxy.openImage(place);
  const pool = new ProxyPool({ proxy, image }, { name: place, start });
  const blobs: BlobSource = {
    path: place,
    blob: (descriptor) => pool.read((opened) => readProxied(opened, descriptor, place)),
    bytes: (descriptor, from, to) => rangeOf(blobs.blob(descriptor), from, to),
  };
  const { value, pipe } = await proxy.pipe('GetManifest', [image]);
  const manifestBytes = await collect(pipe.read());
  const manifestDigest = parseDigest(String(value), `the digest of ${place}`);
  const given = parseManifest(manifestBytes, `manifest ${manifestDigest}`);
  const isOriginal = digestOf(manifestBytes) === manifestDigest;
  return openedImage({
    reference,
    platform,
    blobs,
    manifestDigest,
    manifestBytes,
    manifest: await withLayersInPlace(proxy, image, reference, given),
    configBytes: isOriginal
      ? await readSmallBlob(blobs, given.config, `config ${given.config.digest}`)
      : await convertedConfig(proxy, image, given.config, place),
    abort: (reason) => pool.abort(reason),
    close: () => pool.close(),
  });
}

async function* readProxied(
  { proxy, image }: OpenedProxy,
  { digest, size }: Descriptor,
  place: string,
): AsyncGenerator<Buffer> {
  const what = `blob ${digest} of ${place}`;
  try {
    const { pipe } = await proxy.pipe('GetBlob', [image, digest, size], what);
    yield* pipe.read(size);
  } catch (error) {
    if (!isTreeportError(error, 'ERR_IMAGE_MISSING')) throw error;
    throw new TreeportError('ERR_BLOB_MISSING', error.message, { cause: error });
  }
}

/**
 * The config of a converted image. Only the converted manifest refers to it, so it is not a blob of the
 * registry.
 */
async function convertedConfig(
  proxy: ImageProxy,
  image: Json,
  { digest }: Descriptor,
  place: string,
): Promise<Buffer> {
  const { pipe } = await proxy.pipe('GetFullConfig', [image]);
  const bytes = await collect(pipe.read());
  if (digestOf(bytes) === digest) return bytes;
  throw new TreeportError(
    'ERR_BLOB_CORRUPT',
    `config ${digest} of ${place} is corrupt: its bytes give ${digestOf(bytes)}`,
  );
}

/**
 * Container storage keeps layers uncompressed and serves them that way, under digests that differ from the
 * manifest's.
 */
async function withLayersInPlace(
  proxy: ImageProxy,
  image: Json,
  { transport }: ImageReference,
  manifest: ImageManifest,
): Promise<ImageManifest> {
  if (transport !== 'containers-storage') return manifest;
  const what = 'the layers that skopeo gives';
  const layers = jsonArray(await proxy.value('GetLayerInfo', [image]), what).map((layer) => {
    const { digest, size, media_type } = jsonObject(layer, what);
    return {
      mediaType: jsonString(media_type, what),
      digest: parseDigest(jsonString(digest, what), what) as Digest,
      size: jsonSize(size, what),
    };
  });
  return { ...manifest, layers };
}
