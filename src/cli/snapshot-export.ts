import type { Command } from 'commander';
import { imageArgument } from './image-argument.ts';
import { quietOption } from './options.ts';
import { printLine, printNames, shownName } from './output.ts';
import { startProgress } from './progress.ts';
import { addProxyOptions, type ProxyOptions, registryAccess } from './proxy-options.ts';

type Options = ProxyOptions & {
  readonly list?: boolean;
  readonly verify?: boolean;
  readonly delete?: boolean;
  readonly quiet?: boolean;
};

export function addSnapshotExport(group: Command): void {
  const command = group
    .command('export')
    .description('write what a snapshot serves when it is started as a plain archive repository')
    .argument('<image>', 'the snapshot')
    .argument('<directory>', 'an empty directory, or that of an earlier export');
  addProxyOptions(command)
    .option('--list', 'print the path of each file of the export, in the order of upload')
    .option('--verify', 'verify the objects that are there already as well')
    .option('--delete', 'remove objects and deltas that the snapshot does not have')
    .addOption(quietOption())
    .action(exportTo);
}

async function exportTo(text: string, directory: string, options: Options): Promise<void> {
  const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
  const { openSnapshot } = await import('../snapshot/open.ts');
  const { archivePath, unpackSnapshot } = await import('../snapshot/unpack.ts');
  const { exportRepository } = await import('../server/export/export-repository.ts');
  const { ExportTarget } = await import('../server/export/export-target.ts');
  const { withTemporaryDirectory } = await import('../base/temporary-directory.ts');
  const { syncFileSystem } = await import('../native/libc/sync-file-system.ts');
  const { reference } = imageArgument(text);
  const image = await openOstreeImage(reference, registryAccess(options));
  const progress = startProgress({ label: 'snapshot export', unit: 'objects', quiet: options.quiet });
  const state = { done: 0 };
  try {
    const snapshot = await openSnapshot(image);
    const former = ExportTarget.find(directory);
    const isWhole = options.verify === true || former === undefined || former.wasInterrupted;
    const done = await withTemporaryDirectory(async (temporary) => {
      const repo = await unpackSnapshot(snapshot, {
        directory: temporary,
        wants: (name) => isWhole || !former.has(archivePath(name)),
      });
      try {
        return await exportRepository(repo, {
          directory,
          verify: options.verify === true,
          remove: options.delete === true,
          sync: syncFileSystem,
          onFile: (file) => {
            state.done += 1;
            progress.update(state.done);
            return options.list === true ? printNames(shownName(file)) : undefined;
          },
        });
      } finally {
        repo.close();
      }
    });
    progress.stop();
    if (options.quiet || options.list) return;
    const { written, present, removed } = done;
    await printLine(`${written} files written, ${present} were there, ${removed} removed`);
  } finally {
    progress.stop();
    await image.close();
  }
}
