/**
 * Options of the verbs that make an image of a commit: how its content is distributed over layers. Those that
 * rpm-ostree has are named as there.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import {
  DEFAULT_MAX_LAYERS,
  LAYER_PACKINGS,
  type LayerPacking,
} from '../container/packing/plan-components.ts';
import type { Contentmeta } from '../container/plan/contentmeta.ts';
import type { PackageFormat } from '../packages/package.ts';
import { packagesOption } from './packages-options.ts';

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

const PLANNING = {
  packing: '--packing',
  packages: '--packages',
  maxLayers: '--max-layers',
  previousBuildManifest: '--previous-build-manifest',
} as const;

const ALL_FLAGS: Readonly<Record<keyof LayerCliOptions, string>> = {
  ...PLANNING,
  previousBuild: '--previous-build',
  contentmeta: '--contentmeta',
  writeContentmetaJson: '--write-contentmeta-json',
  compareWithBuild: '--compare-with-build',
  dryRun: '--dry-run',
};

/** Throws ERR_USAGE if any of the options is given. `why`: what there is instead of layers to plan. */
export function refuseLayerOptions(options: LayerCliOptions, why: string): void {
  const given = (Object.keys(ALL_FLAGS) as (keyof LayerCliOptions)[]).find(
    (name) => options[name] !== undefined,
  );
  if (given !== undefined)
    throw exclusion(`${ALL_FLAGS[given]} is about the layers of an operating system: ${why}`);
}

/** Throws ERR_USAGE for options that exclude each other. */
export function checkLayerOptions(options: LayerCliOptions, contentmeta: Contentmeta | undefined): void {
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
