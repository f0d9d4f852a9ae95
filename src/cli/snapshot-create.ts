import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import { isoTimestamp } from '../base/timestamp.ts';
import type { RewrittenLayer } from '../snapshot/kept-layers.ts';
import type { Snapshot } from '../snapshot/open.ts';
import {
  addEncapsulateOptions,
  collectText,
  type EncapsulateCliOptions,
  encapsulateOptions,
} from './encapsulate-options.ts';
import { addImageSigningOptions } from './image-signing-options.ts';
import {
  deltaReporter,
  runtimeFrom,
  runtimeOption,
  signSummaryOption,
  summarySigners,
} from './mirror-options.ts';
import { openRepo } from './open-repo.ts';
import {
  authfileOption,
  quietOption,
  repoOption,
  type StallOptions,
  stallAccess,
  stallTimeoutOption,
} from './options.ts';
import { printMessage, warn } from './report.ts';
import {
  type BuildWithProgress,
  type PublishOptions,
  publishAndPrint,
  skopeoOptions,
} from './run-publish.ts';
import { parseSplit, publishSplit, type SplitCliOptions } from './snapshot-split.ts';
import { refuseImageOptions, writeSnapshotStick } from './snapshot-usb.ts';

type Options = EncapsulateCliOptions &
  PublishOptions &
  StallOptions &
  SplitCliOptions & {
    readonly repo: string;
    readonly depth: number;
    readonly since?: number;
    readonly mainRef?: string;
    readonly outputFormat: 'image' | 'usb';
    readonly previous?: string;
    readonly runtime?: string;
    readonly delta?: readonly string[];
    readonly signSummary?: readonly string[];
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
    .addOption(repoOption())
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
    )
    .addOption(runtimeOption())
    .addOption(signSummaryOption());
  addEncapsulateOptions(command)
    .addOption(authfileOption())
    .addOption(stallTimeoutOption())
    .addOption(quietOption())
    .action(createImage);
  addImageSigningOptions(command);
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

async function createImage(globsAndImage: readonly string[], options: Options): Promise<void> {
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { createSnapshot } = await import('../snapshot/create.ts');
  const { selectSnapshot } = await import('../snapshot/select.ts');
  const { parseDeltaChoices } = await import('../mirror/delta-choice.ts');
  const destination = globsAndImage.at(-1) as string;
  const isStick = options.outputFormat === 'usb';
  if (isStick) refuseImageOptions(options);
  const target = isStick ? undefined : parseImageReference(destination);
  const deltas = parseDeltaChoices(options.delta ?? ['none']);
  const imageOptions = await encapsulateOptions(options);
  const repo = await openRepo(options.repo);
  const { depth, since, mainRef } = options;
  const publication = await selectSnapshot(repo, {
    globs: globsAndImage.slice(0, -1),
    depth,
    ...(since === undefined ? {} : { since }),
    ...(mainRef === undefined ? {} : { mainRef }),
    warn,
  });
  if (target === undefined) return writeSnapshotStick(repo, publication, destination, options);
  const previous = await previousSnapshot(options);
  const access = { ...skopeoOptions(options), ...stallAccess(options) };
  const create = {
    ...imageOptions,
    publication,
    warn,
    runtimeFor: (architecture: string) => runtimeFrom(options.runtime, architecture, access),
    deltas,
    ...(previous === undefined ? {} : { previous }),
    onRewritten: rewrittenReporter(options),
    summarySigners: await summarySigners(options),
    onDelta: deltaReporter(options),
  };
  try {
    const build: BuildWithProgress = (sink, onProgress) =>
      createSnapshot(repo, sink, { ...create, onProgress });
    const { split } = options;
    if (split === undefined) await publishAndPrint(target, 'snapshot create', options, build);
    else await publishSplit(target, { ...options, split }, build);
  } finally {
    await previous?.image.close();
  }
}

async function previousSnapshot(options: Options): Promise<Snapshot | undefined> {
  if (options.previous === undefined) return undefined;
  const { parseImageReference } = await import('../oci/model/reference.ts');
  const { openImage } = await import('../oci/read/open-image.ts');
  const { openSnapshot } = await import('../snapshot/open.ts');
  const access = { ...skopeoOptions(options), ...stallAccess(options) };
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
