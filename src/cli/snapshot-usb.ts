import { TreeportError } from '../base/errors.ts';
import type { Publication } from '../mirror/published-refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { type LayerCliOptions, refuseLayerOptions } from './layer-options.ts';
import { printLine } from './output.ts';
import { startProgress } from './progress.ts';
import { warn } from './report.ts';

export type SnapshotStickOptions = LayerCliOptions & {
  readonly mainRef?: string;
  readonly delta?: readonly string[];
  readonly runtime?: string;
  readonly signSummary?: readonly string[];
  readonly quiet?: boolean;
};

/** Options that are about an image, with the words that give them. */
const OF_IMAGES = {
  mainRef: '--main-ref',
  delta: '--delta',
  runtime: '--runtime',
  signSummary: '--sign-summary',
} as const;

/** `snapshot create --output-format usb`: writes the refs to the stick that is mounted at `directory`. */
export async function writeSnapshotStick(
  repo: Repository,
  publication: Publication,
  directory: string,
  options: SnapshotStickOptions,
): Promise<void> {
  const { writeStick } = await import('../server/export/usb-stick.ts');
  const { syncFileSystem } = await import('../native/libc/sync-file-system.ts');
  const progress = startProgress({ label: 'snapshot create', unit: 'objects', quiet: options.quiet });
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
    if (!options.quiet) await printLine(`${written} objects written, ${present} were there`);
  } finally {
    progress.stop();
  }
}

/** A stick holds a repository, no image; ERR_USAGE. */
export function refuseImageOptions(options: SnapshotStickOptions): void {
  const given = Object.entries(OF_IMAGES).find(
    ([name]) => options[name as keyof typeof OF_IMAGES] !== undefined,
  );
  if (given !== undefined)
    throw new TreeportError('ERR_USAGE', `${given[1]} is for images; a USB stick gets a repository`);
  refuseLayerOptions(options, 'a USB stick gets a repository');
}
