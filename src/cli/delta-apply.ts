import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { keyfileBoolean } from '../ostree/keyfile.ts';
import type { Repository } from '../ostree/repo/open.ts';
import {
  addDeltaWithRepo,
  commitsOfDelta,
  type DeltaWithRepoOptions,
  openDeltaWithRepo,
} from './delta-argument.ts';
import { jsonOption, quietOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { withPlacedErrors } from './placed-errors.ts';
import { startProgress } from './progress.ts';
import { warn } from './report.ts';

type Options = DeltaWithRepoOptions & { readonly quiet?: boolean; readonly json?: boolean };

export function addDeltaApply(group: Command): void {
  addDeltaWithRepo(
    group
      .command('apply')
      .description('apply a static delta to a repository of any mode, completely or not at all; sets no ref'),
  )
    .addOption(jsonOption())
    .addOption(quietOption())
    .action(apply);
}

async function apply(text: string, options: Options): Promise<void> {
  const { applyDelta } = await import('../delta/static/apply-delta.ts');
  const { repo, delta } = await openDeltaWithRepo(text, options);
  checkKeysGiven(repo, options);
  const total = delta.parsed.parts.reduce((sum, { size }) => sum + size, 0);
  const progress = startProgress({ label: 'delta apply', unit: 'bytes', quiet: options.quiet });
  const done = { bytes: 0 };
  try {
    const onPart = ({ size }: { readonly size: number }) => {
      done.bytes += size;
      progress.update(done.bytes, total);
    };
    await withPlacedErrors(repo, commitsOfDelta(delta.parsed), () =>
      applyDelta(repo, delta, { warn, onPart }),
    );
    progress.finish({ where: repo.path, digest: delta.parsed.to });
  } finally {
    progress.stop();
  }
  if (options.json) await printJson({ from: delta.parsed.from ?? null, to: delta.parsed.to }, 2);
  else await printLine(`Applied: ${delta.parsed.to}`);
}

/** As libostree: the repository may require signatures, and does not say by whom. */
function checkKeysGiven({ config, path }: Repository, { keysFile }: Options): void {
  if (keyfileBoolean(config, 'core', 'sign-verify-deltas') !== true || keysFile !== undefined) return;
  throw new TreeportError(
    'ERR_NO_KEYS',
    `repository ${path} requires signed deltas (core.sign-verify-deltas); give the public key with --keys-file`,
  );
}
