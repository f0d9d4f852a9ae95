import type { Command } from 'commander';
import type { ObjectName } from '../ostree/object-name.ts';
import { archOption } from './arch-option.ts';
import { quietOption } from './options.ts';
import { printLine, printNames, shownName } from './output.ts';
import { startProgress } from './progress.ts';
import { addRegistryOptions } from './registry-options.ts';
import { mediumOption, type SnapshotImageOptions, withSnapshotImage } from './snapshot-image.ts';

type Options = SnapshotImageOptions & {
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
  addRegistryOptions(command)
    .addOption(mediumOption())
    .addOption(archOption())
    .option('--list', 'print the path of each file of the export, in the order of upload')
    .option('--verify', 'verify the objects that are there already as well')
    .option('--delete', 'remove objects and deltas that the snapshot does not have')
    .addOption(quietOption())
    .action(exportTo);
}

async function exportTo(text: string, directory: string, options: Options): Promise<void> {
  const { archivePath } = await import('../ostree/object-name.ts');
  const { unpackSnapshot } = await import('../snapshot/unpack.ts');
  const { exportRepository } = await import('../server/export/export-repository.ts');
  const { ExportTarget } = await import('../server/export/export-target.ts');
  const { withTemporaryDirectory } = await import('../base/temporary-directory.ts');
  const { syncFileSystem } = await import('../native/libc/sync-file-system.ts');
  const progress = startProgress({ label: 'snapshot export', unit: 'objects', quiet: options.quiet });
  const state = { done: 0 };
  const onFile = (file: string) => {
    state.done += 1;
    progress.update(state.done);
    return options.list === true ? printNames(shownName(file)) : undefined;
  };
  const former = ExportTarget.find(directory);
  const isWhole = options.verify === true || former === undefined || former.wasInterrupted;
  try {
    const { written, present, removed } = await withTemporaryDirectory((temporary) =>
      withSnapshotImage(text, options, async (snapshot) => {
        const wants = (name: ObjectName) => isWhole || !former.has(archivePath(name));
        await using repo = closing(await unpackSnapshot(snapshot, { directory: temporary, wants }));
        const { verify = false, delete: remove = false } = options;
        // Awaited here, so that the repository stays open.
        return await exportRepository(repo, { directory, verify, remove, sync: syncFileSystem, onFile });
      }),
    );
    progress.finish({ where: directory });
    if (options.quiet || options.list) return;
    await printLine(`${written} files written, ${present} were there, ${removed} removed`);
  } finally {
    progress.stop();
  }
}

function closing<Repo extends { close(): void }>(repo: Repo): Repo & AsyncDisposable {
  return { ...repo, [Symbol.asyncDispose]: async () => repo.close() };
}
