import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { keyfileBoolean } from '../ostree/keyfile.ts';
import type { Repository } from '../ostree/repo/open.ts';
import {
  addDeltaArgument,
  addDeltaKeysOptions,
  type DeltaKeysOptions,
  openDeltaArgument,
  verifyDeltaKeys,
} from './delta-argument.ts';
import { openRepo } from './open-repo.ts';
import { quietOption, repoOption } from './options.ts';
import { printLine } from './output.ts';
import { startProgress } from './progress.ts';
import { warn } from './report.ts';

type Options = DeltaKeysOptions & { readonly repo: string; readonly quiet?: boolean };

export function addDeltaApply(group: Command): void {
  const command = addDeltaArgument(
    group
      .command('apply')
      .description('apply a static delta to a repository of any mode, completely or not at all; sets no ref'),
  ).addOption(repoOption());
  addDeltaKeysOptions(command).addOption(quietOption()).action(apply);
}

async function apply(text: string, options: Options): Promise<void> {
  const { applyDelta } = await import('../delta/static/apply-delta.ts');
  const repo = await openRepo(options.repo);
  const delta = await openDeltaArgument(text, repo.path);
  checkKeysGiven(repo, options);
  await verifyDeltaKeys(delta, options);
  const total = delta.parsed.parts.reduce((sum, { size }) => sum + size, 0);
  const progress = startProgress({ label: 'delta apply', unit: 'bytes', quiet: options.quiet });
  const done = { bytes: 0 };
  try {
    await applyDelta(repo, delta, {
      warn,
      onPart: ({ size }) => {
        done.bytes += size;
        progress.update(done.bytes, total);
      },
    });
  } finally {
    progress.stop();
  }
  await printLine(`Applied: ${delta.parsed.to}`);
}

/** As libostree: the repository may require signatures, and does not say by whom. */
function checkKeysGiven({ config, path }: Repository, { keysFile }: Options): void {
  if (keyfileBoolean(config, 'core', 'sign-verify-deltas') !== true || keysFile !== undefined) return;
  throw new TreeportError(
    'ERR_NO_KEYS',
    `repository ${path} requires signed deltas (core.sign-verify-deltas); give the public key with --keys-file`,
  );
}
