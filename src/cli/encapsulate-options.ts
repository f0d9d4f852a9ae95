/**
 * Options shared by `container encapsulate` and `mirror build`, which make an image from a commit: those of
 * ostree-ext, and some it lacks.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { readContainerConfig } from '../container/encapsulate/config-file.ts';
import type { EncapsulateOptions } from '../container/encapsulate/encapsulate.ts';
import { DEFAULT_COMPRESSION, FAST_COMPRESSION, parseCompression } from '../oci/write/compression.ts';

/** The values that commander passes to the action. */
export type EncapsulateCliOptions = {
  readonly label?: readonly (readonly [string, string])[];
  readonly config?: string;
  readonly copymeta?: readonly string[];
  readonly copymetaOpt?: readonly string[];
  readonly cmd?: readonly string[];
  readonly compression?: string;
  readonly compressionFast?: boolean;
  readonly arch?: string;
  readonly created?: string;
};

export function addEncapsulateOptions(command: Command): Command {
  return command
    .option('-l, --label <key=value>', 'add a label; may be repeated', collectLabel)
    .option(
      '--config <file>',
      'start from this container configuration: JSON, as in the "config" member of an OCI image config',
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
    .option('--created <time>', "creation time of the image, RFC 3339 (default: the commit's)");
}

/** Maps the parsed command line to the options of the library's `encapsulate`. */
export async function encapsulateOptions(options: EncapsulateCliOptions): Promise<EncapsulateOptions> {
  return {
    labels: Object.fromEntries(options.label ?? []),
    copyMeta: options.copymeta ?? [],
    copyMetaOptional: options.copymetaOpt ?? [],
    config: options.config === undefined ? {} : await readContainerConfig(options.config),
    compression: compressionOf(options),
    ...(options.cmd === undefined ? {} : { cmd: options.cmd }),
    ...(options.arch === undefined ? {} : { architecture: options.arch }),
    ...(options.created === undefined ? {} : { created: options.created }),
  };
}

function compressionOf(options: EncapsulateCliOptions) {
  if (options.compression !== undefined) return parseCompression(options.compression);
  return options.compressionFast ? FAST_COMPRESSION : DEFAULT_COMPRESSION;
}

/** Commander parser for repeatable options: appends a label. */
export function collectLabel(
  value: string,
  labels: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const equals = value.indexOf('=');
  if (equals < 0) throw new InvalidArgumentError('A label is KEY=VALUE.');
  return [...labels, [value.slice(0, equals), value.slice(equals + 1)]];
}

/** Commander parser for repeatable options: appends any text. */
export function collectText(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value];
}
