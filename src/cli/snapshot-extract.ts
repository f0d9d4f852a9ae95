import type { Command } from 'commander';
import type { Extracted } from '../snapshot/extract.ts';
import { archOption } from './arch-option.ts';
import { disableIncrementalMarking } from './gc-flags.ts';
import { imageArgument } from './image-argument.ts';
import { quietOption, repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { startProgress } from './progress.ts';
import { addRegistryOptions } from './registry-options.ts';
import { warn } from './report.ts';
import { mediumOption, type SnapshotImageOptions, withSnapshotImage } from './snapshot-image.ts';

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
    const extracted = await withSnapshotImage(text, options, (snapshot) =>
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
    if (options.json) await printJson(extracted);
    else await printExtracted(extracted, options);
  } finally {
    progress.stop();
  }
}

async function printExtracted(
  { refs, commits, fetched, cached }: Extracted,
  { quiet }: Options,
): Promise<void> {
  for (const { name, commit } of refs) await printLine(`${name} => ${commit}`);
  if (quiet) return;
  await printLine(
    `${refs.length} refs, ${commits} commits; layers: ${fetched} read, ${cached} were there already`,
  );
}
