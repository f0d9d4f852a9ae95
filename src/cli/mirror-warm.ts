import type { Command } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import { openAnyRepo } from './open-repo.ts';
import { jsonOption, quietOption, repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { withPlacedErrors } from './placed-errors.ts';
import { startProgress } from './progress.ts';

type Options = {
  readonly repo: string;
  readonly cacheDir: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
};

export function addMirrorWarm(group: Command): void {
  group
    .command('warm')
    .description(
      'fill a cache directory of `treeport serve` before serving; resumes and verifies what is there',
    )
    .addOption(repoOption())
    .requiredOption('--cache-dir <path>', 'the cache directory')
    .addOption(jsonOption())
    .addOption(quietOption())
    .action(warm);
}

async function warm({ repo: path, cacheDir, quiet, json }: Options): Promise<void> {
  const { warmCache } = await import('../server/content/warm-cache.ts');
  const repo = await openAnyRepo(path);
  const progress = startProgress({ label: 'mirror warm', unit: 'objects', quiet });
  try {
    const onProgress = (done: number) => progress.update(done);
    const { written, present, bytes } = await withPlacedErrors(repo, [], () =>
      warmCache(repo, { directory: cacheDir, onProgress }),
    );
    progress.finish({ where: cacheDir });
    if (json) return await printJson({ written, present, bytes }, 2);
    if (quiet) return;
    await printLine(
      `${written} objects written, ${present} were there and are good; the cache has ${formatByteSize(bytes)}`,
    );
  } finally {
    progress.stop();
  }
}
