import type { Command } from 'commander';
import type { ImageComparison } from '../container/inspect/compare-images.ts';
import type { ImageDescription } from '../oci/read/opened-image.ts';
import {
  allOption,
  archOption,
  type PlatformOptions,
  type PlatformResult,
  platformsForOstree,
  printResults,
} from './arch-option.ts';
import { comparisonLines } from './comparison-text.ts';
import { addRegistryOptions, type RegistryOptions, registryAccess } from './registry-options.ts';
import { warn } from './report.ts';

type Options = RegistryOptions & PlatformOptions & { readonly json?: boolean };

export function addContainerCompare(group: Command): void {
  const command = group
    .command('compare')
    .description('compare two images: what a machine with the first must fetch to get the second')
    .argument('<old>', 'an image reference, with or without a verification scheme')
    .argument('<new>', 'the image to compare it with')
    .addOption(archOption())
    .addOption(allOption())
    .option('--json', 'print everything as one JSON document');
  addRegistryOptions(command).action(compare);
}

async function compare(before: string, after: string, options: Options): Promise<void> {
  const { compareImages } = await import('../container/inspect/compare-images.ts');
  const [old, fresh] = [await describeAll(before, options), await describeAll(after, options)];
  const results: PlatformResult<ImageComparison>[] = [];
  if (options.all !== true) {
    const [[platform, first]] = [...old] as [[string, ImageDescription]];
    const [second] = [...fresh.values()] as [ImageDescription];
    results.push({ platform, result: compareImages(first, second) });
  } else {
    for (const [platform, first] of old) {
      const second = fresh.get(platform);
      if (second === undefined) warn(`${platform} is not compared: ${after} has no image for it`);
      else results.push({ platform, result: compareImages(first, second) });
    }
    for (const platform of fresh.keys())
      if (!old.has(platform)) warn(`${platform} is not compared: ${before} has no image for it`);
  }
  await printResults(results, options, comparisonLines);
}

/** The chosen images by their platforms. */
async function describeAll(text: string, options: Options): Promise<ReadonlyMap<string, ImageDescription>> {
  const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
  const { formatPlatform } = await import('../oci/model/platform.ts');
  const { imageArgument } = await import('./image-argument.ts');
  const { reference } = imageArgument(text);
  const access = await registryAccess(options);
  const found = new Map<string, ImageDescription>();
  for (const platform of await platformsForOstree(reference.image, options)) {
    const image = await openOstreeImage(reference, { ...access, ...platform });
    found.set(formatPlatform(image.config), image);
    await image.close();
  }
  return found;
}
