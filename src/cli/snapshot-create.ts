import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import { TreeportError } from '../base/errors.ts';
import { isoTimestamp } from '../base/timestamp.ts';
import type { Publication } from '../mirror/published-refs.ts';
import type { ImageReference } from '../oci/model/reference.ts';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';
import type { Repository } from '../ostree/repo/open.ts';
import type { RewrittenLayer } from '../snapshot/kept-layers.ts';
import type { Snapshot } from '../snapshot/open.ts';
import { collectText, encapsulateOptions } from './encapsulate-options.ts';
import { disableIncrementalMarking } from './gc-flags.ts';
import {
  addMirrorImageOptions,
  type MirrorImageCliOptions,
  mirrorImageOptions,
} from './mirror-image-options.ts';
import { openRepo } from './open-repo.ts';
import { withPlacedErrors } from './placed-errors.ts';
import type { PlannedImage } from './publish-planned.ts';
import { printMessage, warn } from './report.ts';
import { openTarget } from './run-publish.ts';
import { parseSplit, publishSplit, type SplitCliOptions } from './snapshot-split.ts';
import { refuseImageOptions, writeSnapshotStick } from './snapshot-usb.ts';

type Options = MirrorImageCliOptions &
  SplitCliOptions & {
    readonly depth: number;
    readonly since?: number;
    readonly mainRef?: string;
    readonly outputFormat: 'image' | 'usb';
    readonly previous?: string;
  };

export function addSnapshotCreate(group: Command): void {
  const command = group
    .command('create')
    .description('make one image of many refs and their history, which serves them, and print its digest')
    .argument(
      '<ref-globs-and-image...>',
      'refs, or globs of refs (default: all refs); then the destination, with usb a directory',
    )
    .usage('[options] --repo <path> [ref-glob...] <image>')
    .action(createImage);
  addMirrorImageOptions(command, addSnapshotOptions);
}

function addSnapshotOptions(command: Command): Command {
  return command
    .option(
      '--depth <commits>',
      "parents of each ref's commit to take along: a number, or all",
      parseDepth,
      0,
    )
    .addOption(
      new Option(
        '--output-format <format>',
        'image; or usb: a repository on the USB stick mounted at the destination, which ostree and flatpak ' +
          'find there',
      )
        .choices(['image', 'usb'])
        .default('image'),
    )
    .option('--since <date>', 'take no parents from before this date along', parseDate)
    .option(
      '--main-ref <ref>',
      'the ref whose commit the image boots (default: the ref, if a single one is named; else none)',
    )
    .option(
      '--previous <image>',
      'the snapshot that this one continues: its layers stay as they are, and new ones hold what is new',
    )
    .option(
      '--delta <which>',
      'make static deltas, besides those of the repository: parent, scratch, virtual, from=REVISION or ' +
        'policy=FILE; may be repeated (default: none)',
      collectText,
    )
    .option(
      '--split <size>',
      'write the archive in pieces of at most this size, such as 4GiB: FILE.001, FILE.002, …',
      parseSplit,
    )
    .option(
      '--medium <directory>',
      'another medium for pieces that do not fit beside FILE; may be repeated',
      collectText,
    );
}

function parseDepth(text: string): number {
  if (text === 'all' || text === '-1') return Number.POSITIVE_INFINITY;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a number of commits, or all.');
}

/** Seconds since 1970. */
function parseDate(text: string): number {
  const milliseconds = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (isoTimestamp(Math.floor(milliseconds / 1000)) !== undefined) return Math.floor(milliseconds / 1000);
  throw new InvalidArgumentError('Give a date such as 2026-11-20 or 2026-11-20T14:00:00Z.');
}

async function createImage(
  globsAndImage: readonly string[],
  options: Options,
  command: Command,
): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { selectSnapshot } = await import('../snapshot/select.ts');
  const destination = globsAndImage.at(-1) as string;
  const isStick = options.outputFormat === 'usb';
  if (isStick) refuseImageOptions(command);
  if (options.medium !== undefined && options.split === undefined)
    throw new TreeportError('ERR_USAGE', '--medium is for pieces: give --split as well');
  const target = isStick ? undefined : parseImageReference(destination);
  const { withRememberedCommits } = await import('../ostree/remembered-commits.ts');
  const opened = await openRepo(options.repo);
  const repo = { ...opened, objects: withRememberedCommits(opened.objects) };
  const { depth, since, mainRef } = options;
  const publication = await selectSnapshot(repo, {
    globs: globsAndImage.slice(0, -1),
    depth,
    ...(since === undefined ? {} : { since }),
    ...(mainRef === undefined ? {} : { mainRef }),
    warn,
  });
  if (target === undefined) await writeSnapshotStick(repo, publication, destination, options);
  else await publishSnapshot(repo, publication, target, options);
}

async function publishSnapshot(
  repo: Repository,
  publication: Publication,
  destination: ImageReference,
  options: Options,
): Promise<void> {
  const { createSnapshot } = await import('../snapshot/create.ts');
  const { embeddedCommit } = await import('../mirror/published-refs.ts');
  const { publishPlanned } = await import('./publish-planned.ts');
  const { parseDeltaChoices } = await import('../mirror/delta-choice.ts');
  const deltas = parseDeltaChoices(options.delta ?? ['none']);
  const imageOptions = await encapsulateOptions(options);
  const target = await openTarget(destination, options);
  const { access, making } = await mirrorImageOptions(options);
  const previous = await previousSnapshot(options, access);
  const own = { publication, deltas, onRewritten: rewrittenReporter(options), ...(previous && { previous }) };
  const create = { ...imageOptions, ...making, ...own };
  const { split } = options;
  try {
    const image: PlannedImage = {
      target,
      label: 'snapshot create',
      share: 0.5,
      source: repo.objects,
      commit: embeddedCommit(publication),
      imageOptions,
      access,
      previous: previous?.image,
      build: (sink, { plan, onProgress }) =>
        createSnapshot(repo, sink, { ...create, planMain: plan, onProgress }),
      ...(split && { publish: (build) => publishSplit(target, { ...options, split }, build) }),
    };
    await withPlacedErrors(repo, publication.commits, () => publishPlanned(image, options));
  } finally {
    await previous?.image.close();
  }
}

async function previousSnapshot(options: Options, access: RegistryAccess): Promise<Snapshot | undefined> {
  if (options.previous === undefined) return undefined;
  // Most of an increment's garbage are the lists of objects and refs, which live to its end.
  await disableIncrementalMarking();
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { openImage } = await import('../oci/read/open-image.ts');
  const { openSnapshot } = await import('../snapshot/open.ts');
  const image = await openImage(parseImageReference(options.previous), access);
  try {
    return await openSnapshot(image);
  } catch (error) {
    await image.close();
    throw error;
  }
}

const WHY: Readonly<Record<RewrittenLayer['why'], string>> = {
  dead: 'too many of their objects are not needed any more',
  many: 'there were too many layers',
};

/** Prints a line on stderr about the layers that are written again, unless `--quiet` is set. */
function rewrittenReporter({ quiet }: Options): (layers: readonly RewrittenLayer[]) => void {
  return (layers) => {
    for (const reason of ['dead', 'many'] as const) {
      const ones = layers.filter(({ why }) => why === reason);
      if (quiet || ones.length === 0) continue;
      const bytes = ones.reduce((sum, { layer }) => sum + layer.size, 0);
      printMessage(
        `${ones.length} layers of the previous snapshot, ${formatByteSize(bytes)}, are written again, because ${WHY[reason]}; a machine that has it fetches what is left of them again`,
      );
    }
  };
}
