import type { Command } from 'commander';
import { disableIncrementalMarking } from './gc-flags.ts';
import { imageArgument } from './image-argument.ts';
import { quietOption, repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { startProgress } from './progress.ts';
import { addProxyOptions, type ProxyOptions, registryAccess } from './proxy-options.ts';
import { warn } from './report.ts';

type Options = ProxyOptions & {
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
  addProxyOptions(command)
    .option('--json', 'print the result as JSON')
    .addOption(quietOption())
    .action(extract);
}

async function extract(text: string, globs: readonly string[], options: Options): Promise<void> {
  const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
  const { remoteOf } = await import('../container/inspect/ostree-image-reference.ts');
  const { openSnapshot } = await import('../snapshot/open.ts');
  const { extractSnapshot } = await import('../snapshot/extract.ts');
  const { reference } = imageArgument(text);
  const remote = remoteOf(reference.verification);
  await disableIncrementalMarking();
  const image = await openOstreeImage(reference, registryAccess(options));
  const progress = startProgress({ label: 'snapshot extract', unit: 'bytes', quiet: options.quiet });
  const state = { bytes: 0 };
  try {
    const extracted = await extractSnapshot(await openSnapshot(image), {
      repo: options.repo,
      globs,
      ...(remote === undefined ? {} : { remote }),
      warn,
      onProgress: (bytes, total) => {
        state.bytes += bytes;
        progress.update(state.bytes, total);
      },
    });
    progress.stop();
    if (options.json) {
      await printJson(extracted);
      return;
    }
    for (const { name, commit } of extracted.refs) await printLine(`${name} => ${commit}`);
    if (options.quiet) return;
    const { refs, commits, fetched, cached } = extracted;
    await printLine(
      `${refs.length} refs, ${commits} commits; layers: ${fetched} read, ${cached} were there already`,
    );
  } finally {
    progress.stop();
    await image.close();
  }
}
