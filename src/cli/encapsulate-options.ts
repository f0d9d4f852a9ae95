/**
 * The options of the verbs that make an image from a commit: ostree-ext's own, and those it lacks. One place
 * for `container encapsulate` and `mirror build`.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { readContainerConfig } from '../container/encapsulate/config-file.ts';
import type { EncapsulateOptions } from '../container/encapsulate/encapsulate.ts';
import { DEFAULT_COMPRESSION, FAST_COMPRESSION, parseCompression } from '../oci/write/compression.ts';

/** What commander hands to an action. */
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
      'start from this image configuration: JSON, the "config" member of the OCI image config',
    )
    .option(
      '--copymeta <key>',
      'make this string of the commit metadata a label; may be repeated',
      collectText,
    )
    .option('--copymeta-opt <key>', 'the same, where the commit has the key; may be repeated', collectText)
    .option('--cmd <word>', 'command of the image, a word each time', collectText)
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

/** For options that may be repeated: a label behind those before. */
export function collectLabel(
  word: string,
  labels: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const equals = word.indexOf('=');
  if (equals < 0) throw new InvalidArgumentError('A label is KEY=VALUE.');
  return [...labels, [word.slice(0, equals), word.slice(equals + 1)]];
}

/** The same for any text. */
export function collectText(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value];
}
