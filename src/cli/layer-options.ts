/**
 * Options of the verbs that make an image of a commit: how its content is distributed over layers. Those that
 * rpm-ostree has are named as there.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isTreeportError, TreeportError } from '../base/errors.ts';
import type { EncapsulateOptions } from '../container/encapsulate/encapsulate.ts';
import {
  DEFAULT_MAX_LAYERS,
  LAYER_PACKINGS,
  type LayerPacking,
} from '../container/packing/plan-components.ts';
import type { Contentmeta } from '../container/plan/contentmeta.ts';
import type { PlannedCommit } from '../container/plan/planned-commit.ts';
import type { PreviousPlan } from '../container/plan/previous-plan.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import type { PackageFormat } from '../packages/package.ts';
import { packagesOption } from './packages-options.ts';
import { warn } from './report.ts';
import type { UsedImages } from './used-images.ts';

export type LayerCliOptions = {
  readonly packing?: LayerPacking;
  readonly packages?: PackageFormat | 'none';
  readonly maxLayers?: number;
  readonly previousBuild?: string;
  readonly previousBuildManifest?: string;
  readonly contentmeta?: string;
  readonly writeContentmetaJson?: string;
  readonly compareWithBuild?: string;
  readonly dryRun?: boolean;
};

export function addLayerOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--packing <kind>',
        'how components share layers: as ostree-ext does (compatible), by what an update is expected to change (stable), or in one layer (single) (default: stable if the commit has packages, else single)',
      ).choices([...LAYER_PACKINGS]),
    )
    .addOption(packagesOption())
    .option(
      '--max-layers <number>',
      `component layers at most; the ostree layer is one more (default: ${DEFAULT_MAX_LAYERS})`,
      parseCount,
    )
    .option(
      '--previous-build <image>',
      'keep the components in the layers of this image, and use its unchanged layers again if it is an oci: or oci-archive: image',
    )
    .addOption(
      new Option(
        '--previous-build-manifest <file>',
        'keep the components in the layers of the image with this manifest',
      ).conflicts('previousBuild'),
    )
    .option(
      '--contentmeta <file>',
      'the layers as JSON, as ostree-ext reads it; or the components as JSON, as rpm-ostree and treeport write it',
    )
    .option('--write-contentmeta-json <file>', 'write the components with their sizes, as rpm-ostree does')
    .option('--compare-with-build <image>', 'print what a machine with this image must download, and why')
    .option('--dry-run', 'print the layers and what an update is expected to cost; write nothing');
}

function parseCount(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a number from 1 to 9999.');
}

/** Plans the layers and writes the contentmeta file. Notes of the plan are printed. */
export async function planFor(
  source: ObjectSource,
  commit: Checksum,
  options: LayerCliOptions,
  images: UsedImages,
): Promise<PlannedCommit> {
  const { planCommit } = await import('../container/plan/plan-commit.ts');
  const { packing, packages, maxLayers } = options;
  const contentmeta = await contentmetaOf(options);
  checkOptions(options, contentmeta);
  const previous = (await previousRecord(options, images)) ?? recordOf(contentmeta);
  const planned = await planCommit(source, commit, {
    warn,
    ...(packing && { packing }),
    ...(packages && { packages }),
    ...(maxLayers && { maxLayers }),
    ...(contentmeta && { contentmeta }),
    ...(previous && { previous }),
  });
  for (const note of planned.notes) warn(note);
  if (options.writeContentmetaJson !== undefined) {
    const { contentmetaJson } = await import('../container/plan/write-contentmeta.ts');
    const { writeFileAtomic } = await import('../base/atomic-file.ts');
    await writeFileAtomic(options.writeContentmetaJson, contentmetaJson(planned));
  }
  return planned;
}

/** What the plan and a contentmeta file change in the options of the library. */
export function withPlan(
  options: EncapsulateOptions,
  { plan, record, created, labels }: PlannedCommit,
): EncapsulateOptions {
  return {
    ...options,
    labels: { ...options.labels, ...labels },
    ...(options.created === undefined && created !== undefined && { created }),
    plan: () => plan,
    ...(record && { record }),
  };
}

async function contentmetaOf({ contentmeta }: LayerCliOptions): Promise<Contentmeta | undefined> {
  if (contentmeta === undefined) return undefined;
  return (await import('../container/plan/contentmeta.ts')).readContentmeta(contentmeta);
}

function recordOf(contentmeta: Contentmeta | undefined) {
  return contentmeta?.kind === 'components' ? contentmeta.record : undefined;
}

const PLANNING = {
  packing: '--packing',
  packages: '--packages',
  maxLayers: '--max-layers',
  previousBuildManifest: '--previous-build-manifest',
} as const;

/** Throws ERR_USAGE for options that exclude each other. */
function checkOptions(options: LayerCliOptions, contentmeta: Contentmeta | undefined): void {
  const given = (names: readonly (keyof typeof PLANNING)[]) =>
    names.find((name) => options[name] !== undefined);
  if (contentmeta?.kind === 'mapping') {
    const other = given(['packing', 'packages', 'maxLayers', 'previousBuildManifest']);
    if (other !== undefined)
      throw exclusion(
        `--contentmeta ${contentmeta.path} lists the layers, which excludes ${PLANNING[other]}`,
      );
  }
  if (options.packing !== 'single') return;
  const other = given(['packages', 'maxLayers', 'previousBuildManifest']);
  if (other !== undefined) throw exclusion(`--packing single excludes ${PLANNING[other]}`);
  if (options.contentmeta !== undefined) throw exclusion('--packing single excludes --contentmeta');
}

function exclusion(message: string): TreeportError {
  return new TreeportError('ERR_USAGE', message);
}

/** A previous build that is not there, or has no plan, is no error: the first build has none. */
async function previousRecord(options: LayerCliOptions, images: UsedImages): Promise<PreviousPlan['record']> {
  const { planOfImage, readPreviousManifest } = await import('../container/plan/previous-plan.ts');
  const { previousBuild, previousBuildManifest: file } = options;
  const name = previousBuild ?? file;
  if (name === undefined) return undefined;
  const afresh = (why: string) => warn(`the plan of layers is made afresh: ${why}`);
  try {
    const { record, missing } =
      file === undefined ? planOfImage(await images.open(name)) : await readPreviousManifest(file);
    if (missing !== undefined) afresh(`${name} has no plan: ${missing}`);
    return record;
  } catch (error) {
    if (!isTreeportError(error, 'ERR_IMAGE_MISSING')) throw error;
    afresh(error.message);
    return undefined;
  }
}
