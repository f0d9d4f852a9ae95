/**
 * Options of all verbs that make an image of a commit: those of ostree-ext, and some it lacks.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { FormatVersion } from '../container/encapsulate/commit-layers.ts';
import { readContainerConfig } from '../container/encapsulate/config-file.ts';
import type { EncapsulateOptions } from '../container/encapsulate/encapsulate.ts';
import { imageTime } from '../container/encapsulate/image-values.ts';
import { LayerCache } from '../container/encapsulate/layer-cache.ts';
import { goArchitecture } from '../oci/model/platform.ts';
import { type CompressionOptions, chosenCompression } from './compression-option.ts';
import { warn } from './report.ts';

/** The values that commander passes to the action. */
export type EncapsulateCliOptions = CompressionOptions & {
  readonly label?: readonly (readonly [string, string])[];
  readonly config?: string;
  readonly imageConfig?: string;
  readonly copymeta?: readonly string[];
  readonly copymetaOpt?: readonly string[];
  readonly cmd?: readonly string[];
  readonly arch?: string;
  readonly created?: string;
  readonly formatVersion?: FormatVersion;
  readonly layerCache?: string;
};

export function addEncapsulateOptions(command: Command): Command {
  return command
    .option('-l, --label <key=value>', 'add a label; may be repeated', collectLabel)
    .option(
      '--config <file>',
      'start from this container configuration: JSON, as in the "config" member of an OCI image config',
    )
    .addOption(
      new Option('--image-config <file>', 'the same as --config, as rpm-ostree calls it').conflicts('config'),
    )
    .option(
      '--copymeta <key>',
      'copy this string of the commit metadata into a label; may be repeated',
      collectText,
    )
    .option('--copymeta-opt <key>', 'the same, if the commit has the key; may be repeated', collectText)
    .option('--cmd <word>', 'command of the image, one word per option; may be repeated', collectText)
    .option('--compression <kind>', 'gzip[:1-9] or zstd[:1-19] (default: gzip:6)')
    .option('--compression-fast', 'the same as --compression gzip:1')
    .option(
      '--arch <name>',
      "architecture of the image (default: the commit's ostree.architecture, else this machine's)",
    )
    .option(
      '--created <time>',
      "creation time of the image, RFC 3339 or @SECONDS since 1970 (default: the commit's)",
    )
    .option(
      '--format-version <version>',
      'format of the layers: 2 has the directories of the files in each, 1 does not (default: 2, or 1 if there is one layer)',
      parseFormatVersion,
    )
    .option('--layer-cache <dir>', 'keep layers in this directory, and take unchanged ones from it');
}

/** Maps the parsed command line to the options of the library's `encapsulate`. */
export async function encapsulateOptions(options: EncapsulateCliOptions): Promise<EncapsulateOptions> {
  const { config = options.imageConfig, formatVersion, layerCache } = options;
  return {
    labels: Object.fromEntries(options.label ?? []),
    copyMeta: options.copymeta ?? [],
    copyMetaOptional: options.copymetaOpt ?? [],
    config: config === undefined ? {} : await readContainerConfig(config),
    compression: await chosenCompression(options),
    ...(options.cmd === undefined ? {} : { cmd: options.cmd }),
    ...(options.arch === undefined ? {} : { architecture: goArchitecture(options.arch) }),
    ...(options.created === undefined ? {} : { created: imageTime(options.created) }),
    ...(formatVersion === undefined ? {} : { formatVersion }),
    ...(layerCache === undefined ? {} : { layerCache: await LayerCache.open(layerCache, warn) }),
  };
}

function parseFormatVersion(value: string): FormatVersion {
  if (value === '1' || value === '2') return Number(value) as FormatVersion;
  throw new InvalidArgumentError('It must be 1 or 2.');
}

/** Commander parser for repeatable options: appends a label. */
export function collectLabel(
  value: string,
  labels: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const equals = value.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('A label is KEY=VALUE.');
  return [...labels, [value.slice(0, equals), value.slice(equals + 1)]];
}

/** Commander parser for repeatable options: appends any text. */
export function collectText(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value];
}
