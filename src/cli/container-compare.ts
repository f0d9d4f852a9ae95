import type { Command } from 'commander';
import { archOption, archPlatform } from './arch-option.ts';
import { comparisonLines } from './comparison-text.ts';
import { printJson, printLine } from './output.ts';
import { addRegistryOptions, type RegistryOptions, registryAccess } from './registry-options.ts';
import { withUsedImages } from './used-images.ts';

type Options = RegistryOptions & { readonly arch?: string; readonly json?: boolean };

export function addContainerCompare(group: Command): void {
  const command = group
    .command('compare')
    .description('compare two images: what a machine with the first must fetch to get the second')
    .argument('<old>', 'an image reference, with or without a verification scheme')
    .argument('<new>', 'the image to compare it with')
    .addOption(archOption())
    .option('--json', 'print everything as one JSON document');
  addRegistryOptions(command).action(compare);
}

async function compare(before: string, after: string, options: Options): Promise<void> {
  const { compareImages } = await import('../container/inspect/compare-images.ts');
  const access = { ...(await registryAccess(options)), ...(await archPlatform(options.arch)) };
  const comparison = await withUsedImages(access, async (images) =>
    compareImages(await images.open(before), await images.open(after)),
  );
  if (options.json) return printJson(comparison, 2);
  for (const line of comparisonLines(comparison)) await printLine(line);
}
