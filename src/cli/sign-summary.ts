import type { Command } from 'commander';
import { quietOption, repoOption } from './options.ts';
import { printLine } from './output.ts';
import { addSignerOptions, type SignerCliOptions, signersFrom } from './sign-options.ts';

type Options = SignerCliOptions & { readonly repo: string; readonly quiet?: boolean };

export function addSignSummary(group: Command): void {
  const command = group
    .command('summary')
    .description(
      "sign the summary, and flatpak's index, as they are; `treeport summary update` makes and signs new ones",
    )
    .addOption(repoOption());
  addSignerOptions(command).addOption(quietOption()).action(sign);
}

async function sign(options: Options): Promise<void> {
  const { LibostreeRepo } = await import('../native/ostree/repository.ts');
  const { signStoredSummary } = await import('../signing/summary-signatures.ts');
  using repo = LibostreeRepo.open(options.repo);
  const signers = await signersFrom(options, repo);
  await signStoredSummary(repo, signers);
  if (!options.quiet) await printLine(`signed the summary: ${signers.map(({ kind }) => kind).join(', ')}`);
}
