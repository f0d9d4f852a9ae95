import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { Publication } from '../mirror/published-refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { printLine } from './output.ts';
import { startProgress } from './progress.ts';
import { warn } from './report.ts';

/** All others are about images. */
const OF_STICKS: readonly string[] = ['repo', 'depth', 'outputFormat', 'since', 'quiet', 'progress'];

/** `snapshot create --output-format usb`: writes the refs to the stick that is mounted at `directory`. */
export async function writeSnapshotStick(
  repo: Repository,
  publication: Publication,
  directory: string,
  { quiet }: { readonly quiet?: boolean },
): Promise<void> {
  const { writeStick } = await import('../server/export/usb-stick.ts');
  const { syncFileSystem } = await import('../native/libc/sync-file-system.ts');
  const progress = startProgress({ label: 'snapshot create', unit: 'objects', quiet });
  const state = { done: 0 };
  try {
    const { written, present } = await writeStick(repo, {
      directory,
      publication,
      sync: syncFileSystem,
      onFile: () => {
        state.done += 1;
        progress.update(state.done);
      },
      warn,
    });
    progress.finish({ where: directory });
    if (!quiet) await printLine(`${written} objects written, ${present} were there`);
  } finally {
    progress.stop();
  }
}

/** A stick holds a repository, no image: ERR_USAGE for options that would have no effect. */
export function refuseImageOptions(command: Command): void {
  const given = command.options.find((option) => {
    const name = option.attributeName();
    return command.getOptionValueSource(name) === 'cli' && !OF_STICKS.includes(name);
  });
  if (given !== undefined)
    throw new TreeportError('ERR_USAGE', `${given.long} is for images; a USB stick gets a repository`);
}
