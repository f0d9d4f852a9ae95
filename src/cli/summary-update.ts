import type { Command } from 'commander';
import { counted } from '../base/counted.ts';
import type { Signer } from '../ostree/sign/signer.ts';
import { collectText } from './encapsulate-options.ts';
import { openRepo } from './open-repo.ts';
import { quietOption, repoOption } from './options.ts';
import { printLine } from './output.ts';
import { warn } from './report.ts';
import { addGpgOptions, type GpgCliOptions, gpgSigners } from './sign-options.ts';

type Options = GpgCliOptions & {
  readonly repo: string;
  readonly sign?: readonly string[];
  readonly unsigned?: boolean;
  readonly quiet?: boolean;
};

export function addSummaryUpdate(group: Command): void {
  const command = group
    .command('update')
    .description('make the summary and the delta indexes of a repository anew, and sign the summary')
    .addOption(repoOption())
    .option(
      '--sign <type=source>',
      'sign by ed25519=file:PATH, spki=file:PATH or TYPE=command:COMMAND; may be repeated',
      collectText,
    );
  addGpgOptions(command)
    .option('--unsigned', 'drop the signatures of a summary that is signed')
    .addOption(quietOption())
    .action(update);
}

async function update(options: Options): Promise<void> {
  const { LibostreeRepo } = await import('../native/ostree/repository.ts');
  const { updateSummary } = await import('../signing/update-summary.ts');
  const repo = await openRepo(options.repo);
  using writable = LibostreeRepo.open(options.repo);
  const signers = [...(await specified(options.sign ?? [])), ...(await gpgSigners(options, writable))];
  const dropSignatures = options.unsigned === true;
  const { refs, deltas, signatures } = await updateSummary(repo, { writable, signers, dropSignatures, warn });
  if (options.quiet) return;
  const lists = `${counted(refs, 'ref')} and ${counted(deltas, 'delta')}`;
  await printLine(`the summary lists ${lists}, and has ${counted(signatures, 'signature')}`);
}

async function specified(specs: readonly string[]): Promise<readonly Signer[]> {
  if (specs.length === 0) return [];
  const { parseSignerSpec } = await import('../ostree/sign/signer-spec.ts');
  return specs.flatMap((text) => parseSignerSpec(text, '--sign'));
}
