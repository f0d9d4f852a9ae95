/**
 * Publishes what a verb makes of an image; with `--all`, an index of what it makes of every image of an
 * index.
 */
import type { Descriptor } from '../oci/model/descriptor.ts';
import type { ImageReference } from '../oci/model/reference.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import type { ImageSink, OnImageBytes } from '../oci/write/image-sink.ts';
import { chosenPlatforms, type PlatformOptions } from './arch-option.ts';
import type { PublishOptions } from './publish-options.ts';
import { registryAccess } from './registry-options.ts';
import { openTarget, publishAndPrint } from './run-publish.ts';

type Change = (image: OpenedImage, sink: ImageSink, onProgress: OnImageBytes) => Promise<Descriptor>;

export async function publishChanged(
  label: string,
  { from, to }: { readonly from: ImageReference; readonly to: ImageReference },
  options: PublishOptions & PlatformOptions,
  change: Change,
): Promise<void> {
  const { openImage } = await import('../oci/read/open-image.ts');
  const { writeIndexOf } = await import('../oci/write/image-index.ts');
  // The place that is written is asked first, because images may be fetched whole when they are opened.
  const isAll = options.all === true;
  const target = await openTarget(to, { ...options, isIndex: isAll });
  const access = await registryAccess(options);
  const images: OpenedImage[] = [];
  try {
    for (const platform of await chosenPlatforms(from, options, access))
      images.push(await openImage(from, { ...access, ...platform, reread: true }));
    const [first] = images as [OpenedImage];
    await publishAndPrint(target, label, options, (sink, onProgress, reach) => {
      if (!isAll) return change(first, sink, onProgress);
      return writeIndexOf(sink, images, {}, (image, part, index) =>
        change(image, part, shareOf(index, images.length, { onProgress, reach })),
      );
    });
  } finally {
    for (const image of images) await image.close();
  }
}

type Reporting = { readonly onProgress: OnImageBytes; readonly reach: (fraction: number) => void };

/** Reports one of several images, whose totals are known one after the other. */
function shareOf(index: number, count: number, { onProgress, reach }: Reporting): OnImageBytes {
  const state = { done: 0 };
  return (bytes, total) => {
    state.done += bytes;
    if (total !== undefined && total > 0) reach((index + Math.min(1, state.done / total)) / count);
    onProgress(bytes);
  };
}
