import type { Command } from 'commander';
import { timestampText } from '../base/timestamp.ts';
import { archOption } from './arch-option.ts';
import { printJson, printNames, shownName } from './output.ts';
import { addRegistryOptions } from './registry-options.ts';
import { mediumOption, type SnapshotImageOptions, withSnapshotImage } from './snapshot-image.ts';

type Options = SnapshotImageOptions & { readonly commits?: boolean; readonly json?: boolean };

export function addSnapshotList(group: Command): void {
  const command = group
    .command('list')
    .description('the refs of a snapshot with their commits, or all its commits')
    .argument('<image>', 'the snapshot');
  addRegistryOptions(command)
    .addOption(mediumOption())
    .addOption(archOption())
    .option('--commits', 'list all commits instead')
    .option('--json', 'print them as JSON')
    .action(list);
}

async function list(text: string, { commits: isAll = false, ...options }: Options): Promise<void> {
  await withSnapshotImage(text, options, async ({ refs, description }) => {
    if (options.json) {
      await printJson(isAll ? description.commits : refs, 2);
      return;
    }
    const about = new Map(
      description.commits.map(({ checksum, timestamp, version }) => [
        checksum,
        [timestampText(timestamp), ...(version === undefined ? [] : [version])].join('  '),
      ]),
    );
    if (isAll) for (const [checksum, facts] of about) await printNames(`${checksum}  ${shownName(facts)}`);
    else
      for (const { name, commit } of refs)
        await printNames(`${commit}  ${shownName(name)}  ${shownName(about.get(commit) ?? '')}`);
  });
}
