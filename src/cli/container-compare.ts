import type { Command } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import type { ComponentChange, ImageComparison, LayerTotals } from '../container/inspect/compare-images.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import { namesText } from './container-info-text.ts';
import { printJson, printLine } from './output.ts';
import { addProxyOptions, type ProxyOptions, registryAccess } from './proxy-options.ts';

type Options = ProxyOptions & { readonly json?: boolean };

export function addContainerCompare(group: Command): void {
  const command = group
    .command('compare')
    .description('compare two images: what a machine with the first must fetch to get the second')
    .argument('<old>', 'an image reference, with or without a verification scheme')
    .argument('<new>', 'the image to compare it with')
    .option('--json', 'print everything as one JSON document');
  addProxyOptions(command).action(compare);
}

async function compare(before: string, after: string, options: Options): Promise<void> {
  const { compareImages } = await import('../container/inspect/compare-images.ts');
  const comparison = await withImage(before, options, (old) =>
    withImage(after, options, async (fresh) => compareImages(old, fresh)),
  );
  if (options.json) return printJson(comparison, 2);
  for (const line of comparisonLines(comparison)) await printLine(line);
}

async function withImage<T>(
  text: string,
  options: Options,
  work: (image: OpenedImage) => Promise<T>,
): Promise<T> {
  const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
  const { imageArgument } = await import('./image-argument.ts');
  const image = await openOstreeImage(imageArgument(text).reference, registryAccess(options));
  try {
    return await work(image);
  } finally {
    await image.close();
  }
}

/** The first three lines are byte for byte those of ostree-ext. */
export function* comparisonLines(comparison: ImageComparison): Generator<string> {
  yield totalsLine('Total new layers: ', comparison.total);
  yield totalsLine('Removed layers:   ', comparison.removed);
  yield totalsLine('Added layers:     ', comparison.added);
  for (const change of comparison.components) yield changeLine(change);
}

function totalsLine(title: string, { layers, size }: LayerTotals): string {
  return `${title}${String(layers).padEnd(4)}  Size: ${formatByteSize(size, '\u00a0')}`;
}

function changeLine({ change, kind, names, before, after }: ComponentChange): string {
  const sizes = [before, after].flatMap((size) => (size === undefined ? [] : formatByteSize(size)));
  return `${change.padEnd(7)}  ${kind.padEnd(9)}  ${sizes.join(' -> ').padEnd(22)}  ${namesText(names)}`;
}
