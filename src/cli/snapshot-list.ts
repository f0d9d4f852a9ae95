import type { Command } from 'commander';
import { timestampText } from '../base/timestamp.ts';
import type { Snapshot } from '../snapshot/open.ts';
import { allOption, archOption, printResults } from './arch-option.ts';
import { printNames, shownName } from './output.ts';
import { addRegistryOptions } from './registry-options.ts';
import { eachSnapshotImage, mediumOption, type SnapshotImageOptions } from './snapshot-image.ts';

type Options = SnapshotImageOptions & { readonly commits?: boolean; readonly json?: boolean };

export function addSnapshotList(group: Command): void {
  const command = group
    .command('list')
    .description('the refs of a snapshot with their commits, or all its commits')
    .argument('<image>', 'the snapshot');
  addRegistryOptions(command)
    .addOption(mediumOption())
    .addOption(archOption())
    .addOption(allOption())
    .option('--commits', 'list all commits instead')
    .option('--json', 'print them as JSON')
    .action(list);
}

type Listed = Pick<Snapshot, 'refs'> & Pick<Snapshot['description'], 'commits'>;

async function list(text: string, { commits: isAll = false, ...options }: Options): Promise<void> {
  const results = await eachSnapshotImage(text, options, async ({ refs, description: { commits } }) => ({
    refs,
    commits,
  }));
  if (options.json) {
    const listed = results.map(({ platform, result: { refs, commits } }) => ({
      platform,
      result: isAll ? commits : refs,
    }));
    return printResults(listed, options, () => []);
  }
  const lines = ({ refs, commits }: Listed) => {
    const about = new Map(
      commits.map(({ checksum, timestamp, version }) => [
        checksum,
        [timestampText(timestamp), ...(version === undefined ? [] : [version])].join('  '),
      ]),
    );
    if (isAll) return [...about].map(([checksum, facts]) => `${checksum}  ${shownName(facts)}`);
    return refs.map(
      ({ name, commit }) => `${commit}  ${shownName(name)}  ${shownName(about.get(commit) ?? '')}`,
    );
  };
  await printResults(results, options, lines, printNames);
}
