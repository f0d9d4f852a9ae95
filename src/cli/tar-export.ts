import { type Command, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import { openRepo } from './open-repo.ts';
import { repoOption } from './options.ts';
import { isStandardOutput, writeResult } from './output.ts';
import { withPlacedErrors } from './placed-errors.ts';

type TarExportOptions = { readonly repo: string; readonly output?: string };

export function addTarExport(group: Command): void {
  group
    .command('export')
    .description('write a commit as a tar stream that ostree-ext imports')
    .argument('<revision>', 'a ref, commit or REF^')
    .addOption(repoOption())
    .option(
      '-o, --output <file>',
      'file (created atomically), device or FIFO to write to; - is stdout (the default)',
    )
    // ostree-ext's command requires it and ignores its value.
    .addOption(new Option('--format-version <number>').hideHelp())
    .action(exportTar);
}

async function exportTar(revision: string, options: TarExportOptions): Promise<void> {
  if (isStandardOutput(options.output) && process.stdout.isTTY) {
    throw new TreeportError(
      'ERR_USAGE',
      'cannot write a tar stream to a terminal; redirect stdout or use --output',
    );
  }
  const { exportCommitAhead } = await import('../tar/export-commit.ts');
  const repo = await openRepo(options.repo);
  const commit = await resolveRevision(repo, revision);
  await loadCommit(repo, commit);
  if (isStandardOutput(options.output)) (await import('../native/libc/pipe-size.ts')).widenPipe(1);
  await withPlacedErrors(repo, [commit], () =>
    writeResult(options.output, exportCommitAhead(repo.objects, commit)),
  );
}
