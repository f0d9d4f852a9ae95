import type { Command } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import { TreeportError } from '../base/errors.ts';
import type { GeneratedDelta, GenerateOptions } from '../delta/static/generate/generate-delta.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import { commitsOfDelta } from './delta-argument.ts';
import { addGenerateOptions, type GenerateCliOptions, orderOf } from './delta-generate-options.ts';
import { openRepo } from './open-repo.ts';
import { printJson, printLine } from './output.ts';
import { withPlacedErrors } from './placed-errors.ts';
import { startProgress } from './progress.ts';
import { warn } from './report.ts';

export function addDeltaGenerate(group: Command): void {
  const command = group
    .command('generate')
    .description('make a static delta to a commit, from its parent or another commit or from scratch')
    .argument('[to]', 'ref or commit that the delta leads to; or give --to');
  addGenerateOptions(command).action(generate);
}

async function generate(argument: string | undefined, options: GenerateCliOptions): Promise<void> {
  const revision = argument ?? options.to;
  if (revision === undefined || (argument !== undefined && options.to !== undefined))
    throw new TreeportError(
      'ERR_USAGE',
      'name the commit that the delta leads to once: TO or --to (see --help)',
    );
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
    order: orderOf(options),
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

async function signersOf({ signType, keysFile = [] }: GenerateCliOptions): Promise<readonly Signer[]> {
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
  { from, empty }: GenerateCliOptions,
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
