import type { Command } from 'commander';
import { deltaKey } from '../ostree/delta-name.ts';
import { resolveRevision } from '../ostree/revision.ts';
import { openRepo } from './open-repo.ts';
import { quietOption, repoOption } from './options.ts';
import { printLine } from './output.ts';
import { warn } from './report.ts';
import { addSignerOptions, type SignerCliOptions, signersFrom } from './sign-options.ts';

type Options = SignerCliOptions & { readonly repo: string; readonly quiet?: boolean };

export function addSignCommit(group: Command): void {
  const command = group
    .command('commit')
    .description('sign a commit: add signatures to its detached metadata')
    .argument('<revision>', 'a ref, commit or REF^')
    .addOption(repoOption());
  addSignerOptions(command).addOption(quietOption()).action(sign);
}

async function sign(revision: string, options: Options): Promise<void> {
  const { LibostreeRepo } = await import('../native/ostree/repository.ts');
  const { signStoredCommit } = await import('../signing/commit-signatures.ts');
  const { listDeltas } = await import('../ostree/delta-list.ts');
  const commit = await resolveRevision(await openRepo(options.repo), revision);
  using repo = LibostreeRepo.open(options.repo);
  const signers = await signersFrom(options, repo);
  await signStoredCommit(repo, commit, signers);
  if (options.quiet) return;
  await printLine(`signed commit ${commit}: ${signers.map(({ kind }) => kind).join(', ')}`);
  const stale = (await listDeltas(repo.path, { onSkipped: () => {} })).filter(
    ({ name }) => name.to === commit,
  );
  if (stale.length === 0) return;
  warn(
    `static deltas to this commit hold a copy of its former signatures, so clients that verify may refuse them; make them again: ${stale.map(({ name }) => deltaKey(name)).join(', ')}`,
  );
}
