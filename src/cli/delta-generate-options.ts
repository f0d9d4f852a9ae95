/** The options of `delta generate`: those of `ostree static-delta generate`, and treeport's own. */
import { endianness } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ProfileName } from '../delta/static/build/profiles.ts';
import type { ByteOrder } from '../gvariant/source.ts';
import type { EngineName } from '../ostree/sign/engine.ts';
import { collectText } from './encapsulate-options.ts';
import { jsonOption, quietOption, repoOption } from './options.ts';

export type GenerateCliOptions = {
  readonly repo: string;
  readonly to?: string;
  readonly from?: string;
  readonly empty?: boolean;
  readonly json?: boolean;
  readonly profile: ProfileName;
  readonly threads?: number;
  readonly minFallbackSize?: number;
  readonly maxChunkSize?: number;
  readonly maxBsdiffSize?: number;
  readonly disableBsdiff?: boolean;
  readonly inline?: boolean;
  readonly filename?: string;
  readonly setEndianness?: 'l' | 'B';
  readonly swapEndianness?: boolean;
  readonly check: boolean;
  readonly signType: EngineName;
  readonly keysFile?: readonly string[];
  readonly ifNotExists?: boolean;
  readonly replace?: boolean;
  readonly quiet?: boolean;
};

const MB = 1_000_000;

export function addGenerateOptions(command: Command): Command {
  return command
    .addOption(repoOption())
    .option('--to <revision>', 'the same as the argument, as ostree has it')
    .option('--from <revision>', 'commit that clients have (default: the parent of <to>)')
    .option('--empty', 'from scratch, for clients that have nothing')
    .addOption(
      new Option('--profile <name>', 'how well to compress')
        .choices(['fast', 'balanced', 'small'])
        .default('fast'),
    )
    .addOption(
      megabytes('--min-fallback-size', 'clients fetch larger new files one by one; 0: never (default: 4)'),
    )
    .addOption(megabytes('--max-chunk-size', 'content of a part (default: 32)'))
    .addOption(megabytes('--max-bsdiff-size', 'old and new file together, for binary patches (default: 128)'))
    .option('--disable-bsdiff', 'no binary patches, only ranges copied from old files')
    .option('--inline', 'put the parts into the superblock')
    .option('--filename <path>', 'write the superblock there and the parts beside it, and announce nothing')
    .addOption(
      new Option('--set-endianness <letter>', 'byte order of the numbers (default: l)').choices(['l', 'B']),
    )
    .addOption(
      new Option('--swap-endianness', 'the other byte order than that of this machine').conflicts(
        'setEndianness',
      ),
    )
    .addOption(
      new Option('-s, --sign-type <type>', 'kind of the keys in --keys-file')
        .choices(['ed25519', 'spki'])
        .default('ed25519'),
    )
    .option(
      '--keys-file <path>',
      'sign with every secret key in this file: the superblock with --filename, else the summary; may be repeated',
      collectText,
    )
    .option('--no-check', 'publish the delta without applying it first')
    .option('--if-not-exists', 'do nothing if the repository has the delta')
    .option('--replace', 'replace parts of an earlier delta even if clients may be fetching them')
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addOption(
      new Option('--sign <key>').hideHelp().argParser(() => {
        throw new InvalidArgumentError(
          'Keys are in files, because every user sees command lines: --keys-file.',
        );
      }),
    );
}

function megabytes(name: string, description: string): Option {
  return new Option(`${name} <MB>`, `${description}, in MB`).argParser((value) => {
    if (/^\d+$/.test(value)) return Number(value) * MB;
    throw new InvalidArgumentError('It must be a whole number of MB (10^6 bytes).');
  });
}

function threadsOption(): Option {
  return new Option('--threads <count>', 'worker threads (default: one for each core)').argParser((value) => {
    if (/^[1-9]\d{0,2}$/.test(value)) return Number(value);
    throw new InvalidArgumentError('It must be a number from 1 to 999.');
  });
}

/** The byte order of numbers in the delta. */
export function orderOf({ setEndianness, swapEndianness }: GenerateCliOptions): ByteOrder {
  if (swapEndianness) return endianness() === 'LE' ? 'big' : 'little';
  return setEndianness === 'B' ? 'big' : 'little';
}
