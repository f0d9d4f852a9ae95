import type { Command } from 'commander';
import { openAnyRepo } from './open-repo.ts';
import { quietOption, repoOption } from './options.ts';
import { printLine, printNames, shownName } from './output.ts';
import { withPlacedErrors } from './placed-errors.ts';
import { startProgress } from './progress.ts';

type Options = {
  readonly repo: string;
  readonly list?: boolean;
  readonly verify?: boolean;
  readonly delete?: boolean;
  readonly quiet?: boolean;
};

export function addRepoExport(group: Command): void {
  group
    .command('export')
    .description('write what `treeport serve` would serve as a plain archive repository, for web servers')
    .argument('<directory>', 'an empty directory, or that of an earlier export')
    .addOption(repoOption())
    .option('--list', 'print the path of each file of the export, in the order of upload')
    .option('--verify', 'verify the objects that are there already as well')
    .option('--delete', 'remove objects and deltas that the repository does not have any more')
    .addOption(quietOption())
    .action(exportTo);
}

async function exportTo(directory: string, options: Options): Promise<void> {
  const { exportRepository } = await import('../server/export/export-repository.ts');
  const { syncFileSystem } = await import('../native/libc/sync-file-system.ts');
  const repo = await openAnyRepo(options.repo);
  const progress = startProgress({ label: 'repo export', unit: 'objects', quiet: options.quiet });
  const state = { done: 0 };
  try {
    const exportOptions = {
      directory,
      verify: options.verify === true,
      remove: options.delete === true,
      sync: syncFileSystem,
      onFile: (file: string) => {
        state.done += 1;
        progress.update(state.done);
        return options.list === true ? printNames(shownName(file)) : undefined;
      },
    };
    const { written, present, removed } = await withPlacedErrors(repo, [], () =>
      exportRepository(repo, exportOptions),
    );
    progress.finish({ where: directory });
    if (options.quiet || options.list) return;
    await printLine(`${written} files written, ${present} were there, ${removed} removed`);
  } finally {
    progress.stop();
  }
}
