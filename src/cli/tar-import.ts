import { createReadStream, statSync } from 'node:fs';
import type { Command } from 'commander';
import { errnoOf, isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { disableIncrementalMarking } from './gc-flags.ts';
import {
  checkTimestampOption,
  jsonOption,
  quietOption,
  repoOption,
  timestampCheckOption,
} from './options.ts';
import { printJson, printLine } from './output.ts';
import { type Progress, startProgress } from './progress.ts';
import { warn } from './report.ts';

type Options = {
  readonly repo: string;
  readonly writeRef?: string;
  readonly timestampCheck?: boolean;
  readonly remote?: string;
  readonly allowExtra?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
};

const PIECE_BYTES = 256 * 1024;

export function addTarImport(group: Command): void {
  group
    .command('import')
    .description('import a commit from a tar stream, plain or compressed with gzip or zstd')
    .argument('[file]', 'the stream, as written by `tar export` or ostree-ext (default: stdin)')
    .addOption(repoOption())
    .option('--write-ref <ref>', 'set this ref to the commit')
    .addOption(timestampCheckOption())
    .option('--remote <name>', 'require a signature by a key of this remote of the repository')
    .option('--allow-extra', 'also import objects that do not belong to the commit, instead of refusing them')
    .addOption(jsonOption())
    .addOption(quietOption())
    .action(importStream);
}

async function importStream(file: string | undefined, options: Options): Promise<void> {
  if (file === undefined && process.stdin.isTTY)
    throw new TreeportError(
      'ERR_USAGE',
      'cannot read a tar stream from a terminal; name a file or redirect stdin',
    );
  checkTimestampOption(options);
  await disableIncrementalMarking();
  const { importTar } = await import('../container/import/import-tar.ts');
  const progress = startProgress({ label: 'tar import', unit: 'bytes', quiet: options.quiet });
  const input = file === undefined ? process.stdin : fileBytes(file);
  const total = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.size || undefined;
  try {
    const { commit } = await importTar(plainTar(counted(input, progress, total)), { ...options, warn });
    progress.finish({ where: options.repo });
    if (options.json) await printJson({ commit, ref: options.writeRef ?? null }, 2);
    else await printLine(`Imported: ${commit}`);
  } catch (error) {
    progress.stop();
    throw isTreeportError(error) && OF_STREAM.has(error.code) ? named(error, file) : error;
  }
}

/** The errors about what the stream holds. */
const OF_STREAM: ReadonlySet<string> = new Set([
  'ERR_TAR',
  'ERR_TAR_OBJECT',
  'ERR_OBJECT_CORRUPT',
  'ERR_OBJECT_STRAY',
]);

function named({ code, message, cause }: TreeportError, file: string | undefined): TreeportError {
  return new TreeportError(code, `${file ?? 'stdin'}: ${message}`, { cause });
}

/** Opens the file on the first read, so that the reader gets the error. */
async function* fileBytes(path: string): AsyncGenerator<Buffer> {
  yield* createReadStream(path, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>;
}

async function* counted(
  input: AsyncIterable<Buffer>,
  progress: Progress,
  total: number | undefined,
): AsyncGenerator<Buffer> {
  const count = { bytes: 0 };
  for await (const piece of input) {
    count.bytes += piece.length;
    progress.update(count.bytes, total);
    yield piece;
  }
}

/** Throws ERR_TAR if the stream does not decompress; rethrows errors of the input. */
async function* plainTar(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { decompressInPlace } = await import('../oci/read/decompress.ts');
  try {
    yield* decompressInPlace(input);
  } catch (error) {
    if (isTreeportError(error) || errnoOf(error) !== undefined) throw error;
    throw new TreeportError('ERR_TAR', `the stream does not decompress: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
