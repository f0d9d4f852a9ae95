import type { Command } from 'commander';
import {
  addDeltaArgument,
  addDeltaKeysOptions,
  type DeltaKeysOptions,
  openDeltaArgument,
  verifyDeltaKeys,
} from './delta-argument.ts';
import { openRepo } from './open-repo.ts';
import { repoOption } from './options.ts';
import { printLine } from './output.ts';

type Options = DeltaKeysOptions & { readonly repo: string };

export function addDeltaVerify(group: Command): void {
  const command = addDeltaArgument(
    group
      .command('verify')
      .description('verify a static delta: apply it in memory, compare every id, find what it leaves out'),
  ).addOption(repoOption());
  addDeltaKeysOptions(command).action(verify);
}

async function verify(text: string, options: Options): Promise<void> {
  const { verifyDelta } = await import('../delta/static/verify-delta.ts');
  const repo = await openRepo(options.repo);
  const delta = await openDeltaArgument(text, repo.path);
  const signatures = await verifyDeltaKeys(delta, options);
  await verifyDelta(delta, repo.objects);
  for (const { kind, key } of signatures) await printLine(`good  ${kind}  key ${key}`);
  const { parts, fallbacks } = delta.parsed;
  const objects = parts.reduce((sum, part) => sum + part.objects.length, 0);
  const fetched = fallbacks.length === 0 ? '' : `; ${fallbacks.length} are fetched one by one`;
  await printLine(
    `${objects} objects in ${parts.length} ${parts.length === 1 ? 'part' : 'parts'} are good${fetched}`,
  );
}
