/**
 * Opens images: OCI layouts and archives in place, all others through skopeo. Everything that is read is
 * verified against the digests that lead to it.
 */
import { type ImageReference, layoutLocation } from '../model/reference.ts';
import { openArchiveStore, openLayoutStore } from './blob-store.ts';
import type { OpenImageOptions } from './open-image-options.ts';
import { openInStore } from './open-layout.ts';
import type { OpenedImage } from './opened-image.ts';

/**
 * Opens an image; ERR_IMAGE_MISSING, ERR_IMAGE_AMBIGUOUS, ERR_IMAGE_UNSUPPORTED, ERR_POLICY, the errors of
 * skopeo and of the blobs.
 */
export async function openImage(
  reference: ImageReference,
  options: OpenImageOptions = {},
): Promise<OpenedImage> {
  const { transport } = reference;
  if (options.enforcePolicy !== true && (transport === 'oci' || transport === 'oci-archive')) {
    const { path, tag } = layoutLocation(reference);
    const store = await (transport === 'oci' ? openLayoutStore(path) : openArchiveStore(path));
    return openInStore(store, { reference, tag, platform: options.platform });
  }
  // Loaded on demand: it loads koffi, which takes as long as reading a small image.
  const { openThroughSkopeo } = await import('../skopeo/skopeo-image.ts');
  return openThroughSkopeo(reference, options);
}
