/** Former images that a build reads. They stay open until the build ends. */
import { isTreeportError } from '../base/errors.ts';
import type { LayerSource } from '../container/encapsulate/layer-cache.ts';
import type { ImageReference } from '../oci/model/reference.ts';
import type { OpenImageOptions } from '../oci/read/open-image-options.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';

import { imageArgument } from './image-argument.ts';

export class UsedImages {
  readonly #access: OpenImageOptions;
  readonly #opened = new Map<string, OpenedImage>();

  constructor(access: OpenImageOptions) {
    this.#access = access;
  }

  /** Opens the image, once. */
  async open(text: string): Promise<OpenedImage> {
    const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
    const known = this.#opened.get(text);
    if (known !== undefined) return known;
    const image = await openOstreeImage(imageArgument(text).reference, this.#access);
    this.#opened.set(text, image);
    return image;
  }

  /**
   * The layers of the opened images, and of the one that is to be replaced, if they are at hand; and those of
   * `previous`, wherever it is.
   */
  async layers(target: ImageReference, previous?: OpenedImage): Promise<readonly LayerSource[]> {
    const { layersOfImage } = await import('../container/encapsulate/image-layers.ts');
    const { formatImageReference } = await import('../oci/model/reference.ts');
    if (isLocal(target)) await this.open(formatImageReference(target)).catch(ignoreCoded);
    const local = [...this.#opened.values()].filter(({ reference }) => isLocal(reference));
    return [...(previous === undefined ? [] : [previous]), ...local].map(layersOfImage);
  }

  async close(): Promise<void> {
    for (const image of this.#opened.values()) await image.close();
  }
}

function isLocal({ transport }: ImageReference): boolean {
  return transport === 'oci' || transport === 'oci-archive';
}

/** A target that is missing or damaged has no layers to offer. */
function ignoreCoded(error: unknown): void {
  if (!isTreeportError(error)) throw error;
}

/** Calls `work`, and closes the images that it has opened. */
export async function withUsedImages<T>(
  access: OpenImageOptions,
  work: (images: UsedImages) => Promise<T>,
): Promise<T> {
  const images = new UsedImages(access);
  try {
    return await work(images);
  } finally {
    await images.close();
  }
}
