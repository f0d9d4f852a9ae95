import type { Command } from 'commander';
import type { Extracted } from '../snapshot/extract.ts';
import { allOption, archOption, printResults } from './arch-option.ts';
import { disableIncrementalMarking } from './gc-flags.ts';
import { imageArgument } from './image-argument.ts';
import { quietOption, repoOption } from './options.ts';
import { printJson } from './output.ts';
import { startProgress } from './progress.ts';
import { addRegistryOptions } from './registry-options.ts';
import { warn } from './report.ts';
import { eachSnapshotImage, mediumOption, type SnapshotImageOptions } from './snapshot-image.ts';

type Options = SnapshotImageOptions & {
  readonly repo: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
};

export function addSnapshotExtract(group: Command): void {
  const command = group
    .command('extract')
    .description('write the commits and refs of a snapshot into a repository, verified')
    .argument('<image>', 'the snapshot; ostree-remote-image:REMOTE:IMAGE verifies signatures as well')
    .argument('[refs...]', 'refs, or globs of refs (default: everything)')
    .addOption(repoOption());
  addRegistryOptions(command)
    .addOption(mediumOption())
    .addOption(archOption())
    .addOption(allOption())
    .option('--json', 'print the result as JSON')
    .addOption(quietOption())
    .action(extract);
}

async function extract(text: string, globs: readonly string[], options: Options): Promise<void> {
  const { remoteOf } = await import('../container/inspect/ostree-image-reference.ts');
  const { extractSnapshot } = await import('../snapshot/extract.ts');
  const remote = remoteOf(imageArgument(text).reference.verification);
  await disableIncrementalMarking();
  const progress = startProgress({ label: 'snapshot extract', unit: 'bytes', quiet: options.quiet });
  const state = { bytes: 0 };
  try {
    const results = await eachSnapshotImage(text, options, (snapshot) =>
      extractSnapshot(snapshot, {
        repo: options.repo,
        globs,
        ...(remote === undefined ? {} : { remote }),
        warn,
        onProgress: (bytes, total) => {
          state.bytes += bytes;
          progress.update(state.bytes, total);
        },
      }),
    );
    progress.finish({ where: options.repo });
    const { all, json } = options;
    if (json) return await printJson(all ? results : results[0]?.result);
    await printResults(results, { all }, (extracted) => extractedLines(extracted, options));
  } finally {
    progress.stop();
  }
}

function extractedLines(
  { refs, commits, fetched, cached }: Extracted,
  { quiet }: Options,
): readonly string[] {
  const counts = `${refs.length} refs, ${commits} commits; layers: ${fetched} read, ${cached} were there already`;
  return [...refs.map(({ name, commit }) => `${name} => ${commit}`), ...(quiet ? [] : [counts])];
}
