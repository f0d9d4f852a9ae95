import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import { TreeportError } from '../base/errors.ts';
import type { ProfileName } from '../delta/static/build/profiles.ts';
import type { GeneratedDelta, GenerateOptions } from '../delta/static/generate/generate-delta.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import type { EngineName } from '../ostree/sign/engine.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import { commitsOfDelta } from './delta-argument.ts';
import { collectText } from './encapsulate-options.ts';
import { openRepo } from './open-repo.ts';
import { jsonOption, quietOption, repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { withPlacedErrors } from './placed-errors.ts';
import { startProgress } from './progress.ts';
import { warn } from './report.ts';

type Options = {
  readonly repo: string;
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
  readonly check: boolean;
  readonly signType: EngineName;
  readonly keysFile?: readonly string[];
  readonly ifNotExists?: boolean;
  readonly replace?: boolean;
  readonly quiet?: boolean;
};

const MB = 1_000_000;

export function addDeltaGenerate(group: Command): void {
  group
    .command('generate')
    .description('make a static delta to a commit, from its parent or another commit or from scratch')
    .argument('<to>', 'ref or commit that the delta leads to')
    .addOption(repoOption())
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
    .addOption(new Option('--set-endianness <letter>', 'byte order of the numbers').choices(['l', 'B']))
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
    .action(generate);
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

async function generate(revision: string, options: Options): Promise<void> {
  const { generateDelta } = await import('../delta/static/generate/generate-delta.ts');
  const started = performance.now();
  const signers = await signersOf(options);
  const repo = await openRepo(options.repo);
  const to = await resolveRevision(repo, revision);
  const from = await fromCommit(repo, to, options);
  const progress = startProgress({ label: 'delta generate', unit: 'bytes', quiet: options.quiet });
  const generateOptions: GenerateOptions = {
    to,
    ...(from === undefined ? {} : { from }),
    profile: options.profile,
    ...given('threads', options.threads),
    ...given('minFallbackBytes', options.minFallbackSize),
    ...given('maxChunkBytes', options.maxChunkSize),
    ...given('maxPatchBytes', options.disableBsdiff ? 0 : options.maxBsdiffSize),
    ...given('inline', options.inline),
    ...given('filename', options.filename),
    ...(options.filename === undefined ? { signsSummary: signers.length > 0 } : { signers }),
    ...given('ifNotExists', options.ifNotExists),
    ...given('replace', options.replace),
    check: options.check,
    order: options.setEndianness === 'B' ? 'big' : 'little',
    warn,
    onProgress: (done, total) => progress.update(done, total),
  };
  const delta = await withPlacedErrors(repo, commitsOfDelta({ from, to }), () =>
    generateDelta(repo, generateOptions),
  );
  if (delta === undefined) progress.stop();
  else progress.finish({ where: options.filename ?? repo.path, digest: to, amount: delta.size });
  if (delta !== undefined && options.filename === undefined) await signSummary(repo, signers);
  if (options.json) return printJson({ from: from ?? null, to, generated: delta ?? null }, 2);
  if (options.quiet) return;
  if (delta === undefined) await printLine(`the delta ${from ?? 'from scratch'} to ${to} exists`);
  else await printLine(summaryLine(delta, (performance.now() - started) / 1000));
}

async function signersOf({ signType, keysFile = [] }: Options): Promise<readonly Signer[]> {
  if (keysFile.length === 0) return [];
  const { signersInFile } = await import('../ostree/sign/key-file.ts');
  return keysFile.flatMap((path) => signersInFile(signType, path));
}

/** Makes the summary anew with the delta in it. */
async function signSummary(repo: Repository, signers: readonly Signer[]): Promise<void> {
  if (signers.length === 0) return;
  const { LibostreeRepo } = await import('../native/ostree/repository.ts');
  const { updateSummary } = await import('../signing/update-summary.ts');
  using writable = LibostreeRepo.open(repo.path);
  await updateSummary(repo, { writable, signers, warn });
}

/** As ostree: the parent, unless another commit or none is named. */
async function fromCommit(
  repo: Repository,
  to: Checksum,
  { from, empty }: Options,
): Promise<Checksum | undefined> {
  if (from !== undefined && empty)
    throw new TreeportError('ERR_USAGE', '--from and --empty exclude each other');
  if (empty) return undefined;
  if (from !== undefined) return resolveRevision(repo, from);
  const { parent } = await loadCommit(repo, to);
  if (parent !== undefined) return parent;
  throw new TreeportError(
    'ERR_COMMIT_MISSING',
    `commit ${to} has no parent to make a delta from; give --from, or --empty for a delta from scratch`,
  );
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [N in Name]?: Value });
}

function summaryLine(delta: GeneratedDelta, seconds: number): string {
  const { objects, parts, fallbacks, size, pulledSize, looseSize } = delta;
  const rest = fallbacks === 0 ? '' : ` and ${fallbacks} files to fetch one by one`;
  const saving = looseSize === 0 ? 0 : Math.round((1 - pulledSize / looseSize) * 100);
  return [
    `${objects} objects in ${parts} ${parts === 1 ? 'part' : 'parts'}${rest}`,
    formatByteSize(size),
    `${saving} % less than ${formatByteSize(looseSize)} of loose objects`,
    `${seconds.toFixed(1)} s`,
  ].join(', ');
}
