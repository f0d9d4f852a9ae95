import type { Command } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import { timestampText } from '../base/timestamp.ts';
import type { SnapshotInfo } from '../snapshot/info.ts';
import { allOption, archOption, printResults } from './arch-option.ts';
import { imageArgument } from './image-argument.ts';
import { addRegistryOptions } from './registry-options.ts';
import { eachSnapshotImage, mediumOption, type SnapshotImageOptions } from './snapshot-image.ts';

type Options = SnapshotImageOptions & { readonly json?: boolean };

export function addSnapshotInfo(group: Command): void {
  const command = group
    .command('info')
    .description('what a snapshot holds, and what of it is layers; reads its smallest layers only')
    .argument('<image>', 'the snapshot');
  addRegistryOptions(command)
    .addOption(mediumOption())
    .addOption(archOption())
    .addOption(allOption())
    .option('--json', 'print it as JSON, with all refs and commits')
    .action(info);
}

async function info(text: string, options: Options): Promise<void> {
  const { snapshotInfo } = await import('../snapshot/info.ts');
  const { name } = imageArgument(text);
  const results = await eachSnapshotImage(text, options, async (snapshot) => snapshotInfo(snapshot));
  await printResults(results, options, (about) => infoLines(name, about));
}

function infoLines(
  name: string,
  { digest, main, refs, commits, objects, layers, size }: SnapshotInfo,
): readonly string[] {
  const newest = commits.reduce((time, { timestamp }) => Math.max(time, timestamp), 0);
  const dead = objects.dead === 0 ? '' : `; ${objects.dead} of former snapshots are left in layers`;
  const bytes = layers.reduce((sum, layer) => sum + layer.size, 0);
  return [
    `Image:     ${name}`,
    `Digest:    ${digest}`,
    `Main:      ${main === undefined ? 'none: the image does not boot' : main}`,
    `Refs:      ${refs.length}`,
    `Commits:   ${commits.length}, the newest of ${timestampText(newest)}`,
    `Objects:   ${objects.content} files, ${objects.metadata} of metadata${dead}`,
    `Layers:    ${layers.length} with objects, ${formatByteSize(bytes)}`,
    `Size:      ${formatByteSize(size)} in all`,
  ];
}
