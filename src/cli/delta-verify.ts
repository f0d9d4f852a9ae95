import type { Command } from 'commander';
import {
  addDeltaWithRepo,
  commitsOfDelta,
  type DeltaWithRepoOptions,
  openDeltaWithRepo,
} from './delta-argument.ts';
import { jsonOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { withPlacedErrors } from './placed-errors.ts';

type Options = DeltaWithRepoOptions & { readonly json?: boolean };

export function addDeltaVerify(group: Command): void {
  addDeltaWithRepo(
    group
      .command('verify')
      .description('verify a static delta: apply it in memory, compare every id, find what it leaves out'),
  )
    .addOption(jsonOption())
    .action(verify);
}

async function verify(text: string, options: Options): Promise<void> {
  const { verifyDelta } = await import('../delta/static/verify-delta.ts');
  const { repo, delta, signatures } = await openDeltaWithRepo(text, options);
  await withPlacedErrors(repo, commitsOfDelta(delta.parsed), () => verifyDelta(delta, repo.objects));
  const { parts, fallbacks } = delta.parsed;
  const objects = parts.reduce((sum, part) => sum + part.objects.length, 0);
  if (options.json)
    return printJson({ objects, parts: parts.length, fallbacks: fallbacks.length, signatures }, 2);
  for (const { kind, key } of signatures) await printLine(`good  ${kind}  key ${key}`);
  const fetched = fallbacks.length === 0 ? '' : `; ${fallbacks.length} are fetched one by one`;
  await printLine(
    `${objects} objects in ${parts.length} ${parts.length === 1 ? 'part' : 'parts'} are good${fetched}`,
  );
}
