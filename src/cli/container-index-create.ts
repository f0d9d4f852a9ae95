import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import { collectLabel } from './encapsulate-options.ts';
import { addPublishOptions, type PublishOptions } from './publish-options.ts';
import { registryAccess } from './registry-options.ts';
import { openTarget, publishAndPrint } from './run-publish.ts';

type Options = PublishOptions & { readonly annotation?: readonly (readonly [string, string])[] };

export function addContainerIndex(group: Command): void {
  const command = group
    .command('index')
    .description('images for several platforms under one name')
    .helpCommand(false)
    .command('create')
    .description('make an image index of images for several platforms, and print its digest')
    .argument('<images...>', 'images, or indexes whose images are all taken; the last one is the destination')
    .option('-a, --annotation <key=value>', 'add an annotation to the index; may be repeated', collectLabel)
    .action(createIndex);
  addPublishOptions(command);
}

async function createIndex(texts: readonly string[], options: Options): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { openAllPlatforms } = await import('../oci/read/all-platforms.ts');
  const { writeImageIndex } = await import('../oci/write/image-index.ts');
  const references = texts.map(parseImageReference);
  const [destination] = references.slice(-1);
  const sources = references.slice(0, -1);
  if (destination === undefined || sources.length === 0)
    throw new TreeportError('ERR_USAGE', 'name one image at least, and the destination after it');
  const target = await openTarget(destination, { ...options, isIndex: true });
  const access = await registryAccess(options);
  const images: OpenedImage[] = [];
  try {
    for (const source of sources) images.push(...(await openAllPlatforms(source, access)));
    const annotations = Object.fromEntries(options.annotation ?? []);
    await publishAndPrint(target, 'container index create', options, (sink, onProgress) =>
      writeImageIndex(sink, images, { annotations, onProgress }),
    );
  } finally {
    for (const image of images) await image.close();
  }
}
