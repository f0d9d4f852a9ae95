import type { Command } from 'commander';
import type { DoneStep, MaintainReport, MakeDelta } from '../delta/maintain/maintain.ts';
import type { DeltaPolicy } from '../delta/maintain/policy.ts';
import { deltaKey } from '../ostree/delta-name.ts';
import { commitsOfDelta } from './delta-argument.ts';
import { openRepo } from './open-repo.ts';
import { quietOption, repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { withPlacedErrors } from './placed-errors.ts';
import { warn } from './report.ts';
import { savingText } from './saving-text.ts';

type Options = {
  readonly repo: string;
  readonly policy: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
};

export function addDeltaMaintain(group: Command): void {
  group
    .command('maintain')
    .description('make the deltas that a policy lists, drop others, and say what each saves')
    .addOption(repoOption())
    .requiredOption('--policy <file>', 'which refs have which deltas (docs/operations/deltas.md)')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print one JSON document')
    .addOption(quietOption())
    .action(maintain);
}

async function maintain(options: Options): Promise<void> {
  const { maintainDeltas } = await import('../delta/maintain/maintain.ts');
  const { tryLock } = await import('../native/libc/file-lock.ts');
  const { readPolicyFile } = await import('../delta/maintain/policy.ts');
  const policy = readPolicyFile(options.policy);
  const repo = await openRepo(options.repo);
  const isText = options.json !== true && options.quiet !== true;
  const report = await maintainDeltas(repo, {
    policy,
    make: generating(policy),
    tryLock,
    isDryRun: options.dryRun === true,
    now: Date.now(),
    onStep: async (step) => {
      if (isText) await printLine(stepLine(step));
    },
  });
  if (report.summary === 'signed' && report.steps.some(({ kind }) => isChange(kind)))
    warn(`the signed summary of ${repo.path} lists the deltas as they were; update it and sign it again`);
  if (options.json) await printJson(reportJson(report), 2);
}

function generating({ profile }: DeltaPolicy): MakeDelta {
  return async (repo, { from, to }, directory) => {
    const { generateDelta } = await import('../delta/static/generate/generate-delta.ts');
    const filename = `${directory}/superblock`;
    const options = { to, ...(from === undefined ? {} : { from }), profile, filename, warn };
    await withPlacedErrors(repo, commitsOfDelta({ from, to }), () => generateDelta(repo, options));
  };
}

function isChange(kind: DoneStep['kind']): boolean {
  return kind === 'make' || kind === 'refresh' || kind === 'drop';
}

function stepLine({ kind, name, why, saving }: DoneStep): string {
  const of = saving === undefined ? '' : ` (${savingText(saving)})`;
  return `${kind} ${deltaKey(name)}: ${why}${of}`;
}

function reportJson({ steps, removed, summary }: MaintainReport): unknown {
  return {
    deltas: steps.map(({ kind, name, why, saving }) => ({
      action: kind,
      from: name.from ?? null,
      to: name.to,
      why,
      ...saving,
    })),
    oldDeltasRemoved: removed,
    summary,
  };
}
