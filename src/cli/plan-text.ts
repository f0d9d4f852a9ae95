/** Formats the plan of an image for people: `--dry-run`. */
import { formatByteSize } from '../base/byte-size.ts';
import type { PlanSummary } from '../container/plan/plan-summary.ts';
import { namesText } from './container-info-text.ts';

export function* planLines(commit: string, summary: PlanSummary): Generator<string> {
  const { packing, layers, size, expected, interval } = summary;
  if (layers.length === 0) {
    yield `commit ${commit}: one layer, of which an update downloads everything`;
    return;
  }
  yield `commit ${commit}: packing ${packing}, the ostree layer and ${layers.length} component layers`;
  yield 'LAYER  SIZE       CHANCE  EXPECTED   COMPONENTS';
  for (const { layer, size, chance, expected, components, name } of layers) {
    const percent = `${(chance * 100).toFixed(0)} %`;
    const cells = [String(layer).padEnd(5), bytes(size), percent.padStart(6), bytes(expected)];
    yield `${cells.join('  ')}  ${components.length === 0 ? name : namesText(components)}`;
  }
  yield `an update every ${interval} days is expected to download ${formatByteSize(expected)} of ${formatByteSize(size)}, before compression`;
}

function bytes(size: number): string {
  return formatByteSize(size).padEnd(9);
}
