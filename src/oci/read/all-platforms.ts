/** Opens every image of a reference: all those of an index, or the one that is there. */
import type { ImageReference } from '../model/reference.ts';
import { imagePlatforms } from './index-platforms.ts';
import { openImage } from './open-image.ts';
import type { OpenImageOptions } from './open-image-options.ts';
import type { OpenedImage } from './opened-image.ts';

/** The errors of {@link imagePlatforms} and {@link openImage}, after which no image is open. */
export async function openAllPlatforms(
  reference: ImageReference,
  options: OpenImageOptions = {},
): Promise<readonly OpenedImage[]> {
  const platforms = await imagePlatforms(reference, options);
  if (platforms === undefined) return [await openImage(reference, options)];
  const images: OpenedImage[] = [];
  try {
    for (const platform of platforms) images.push(await openImage(reference, { ...options, platform }));
    return images;
  } catch (error) {
    for (const image of images) await image.close();
    throw error;
  }
}
