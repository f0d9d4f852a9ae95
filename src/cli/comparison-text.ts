/** Formats the comparison of two images for people. */
import { formatByteSize } from '../base/byte-size.ts';
import type { ComponentChange, ImageComparison, LayerTotals } from '../container/inspect/compare-images.ts';
import type { ComponentDownload, LayerDownload } from '../container/inspect/downloads.ts';
import { namesText } from './container-info-text.ts';

/** The first three lines are byte for byte those of ostree-ext. */
export function* comparisonLines(comparison: ImageComparison): Generator<string> {
  yield totalsLine('Total new layers: ', comparison.total);
  yield totalsLine('Removed layers:   ', comparison.removed);
  yield totalsLine('Added layers:     ', comparison.added);
  for (const change of comparison.components) yield changeLine(change);
  for (const download of comparison.downloads) if (isExplained(download)) yield downloadLine(download);
}

const REASONS = ['changed', 'added', 'moved', 'carried'] as const satisfies ComponentDownload['why'][];

function isExplained({ components }: LayerDownload): boolean {
  return components.some(({ why }) => why !== 'added' && why !== 'unknown');
}

/** Why a layer must be downloaded, if it is not a new one. */
function downloadLine({ size, components }: LayerDownload): string {
  const parts = REASONS.flatMap((reason) => {
    const names = components.filter(({ why }) => why === reason).map(({ name }) => name);
    return names.length === 0 ? [] : [`${reason}: ${namesText(names)}`];
  });
  return `download ${formatByteSize(size).padEnd(8)}  ${parts.join('; ')}`;
}

function totalsLine(title: string, { layers, size }: LayerTotals): string {
  return `${title}${String(layers).padEnd(4)}  Size: ${formatByteSize(size, '\u00a0')}`;
}

function changeLine({ change, kind, names, before, after }: ComponentChange): string {
  const sizes = [before, after].flatMap((size) => (size === undefined ? [] : formatByteSize(size)));
  return `${change.padEnd(7)}  ${kind.padEnd(9)}  ${sizes.join(' -> ').padEnd(22)}  ${namesText(names)}`;
}
