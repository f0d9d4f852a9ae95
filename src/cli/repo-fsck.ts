import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { LocatedFault } from '../fsck/fault.ts';
import type { FsckReport } from '../fsck/fsck.ts';
import { formatObjectName } from '../ostree/object-name.ts';
import { resolveRevision } from '../ostree/revision.ts';
import { openRepo } from './open-repo.ts';
import { jsonOption, quietOption, repoOption } from './options.ts';
import { printJson, printLine, shownName } from './output.ts';
import { startProgress } from './progress.ts';
import { quoteName } from './quote-name.ts';

export function addRepoFsck(group: Command): void {
  group
    .command('fsck')
    .description('check the refs, rehash every object that the commits need, and list the bad ones')
    .argument('[revision...]', 'check only these commits (default: all commits and refs of the repository)')
    .addOption(repoOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .action(checkRepository);
}

async function checkRepository(
  revisions: readonly string[],
  options: { readonly repo: string; readonly quiet?: boolean; readonly json?: boolean },
): Promise<void> {
  const { fsck } = await import('../fsck/fsck.ts');
  const repo = await openRepo(options.repo);
  const commits = await Promise.all(revisions.map((revision) => resolveRevision(repo, revision)));
  const progress = startProgress({ label: 'fsck', unit: 'objects', quiet: options.quiet });
  const report = await fsck(repo, {
    ...(commits.length > 0 ? { commits } : {}),
    onProgress: (done, total) => progress.update(done, total),
  });
  const isGood = report.faults.length + report.damagedRefs.length === 0;
  if (isGood) progress.finish({ where: repo.path });
  else progress.stop();
  if (options.json) await printJson(reportDocument(report), 2);
  else await printFaults(report);
  if (!isGood)
    throw new TreeportError(
      'ERR_FSCK',
      `repository ${repo.path}: ${countFaults(report)}; ${nextStep(repo.path, report)}`,
    );
  if (!options.quiet && !options.json) await printLine(summaryLine(report));
}

async function printFaults(report: FsckReport): Promise<void> {
  for (const fault of report.faults) await printLine(faultLine(fault));
  const unlisted = faultCount(report) - report.faults.length;
  if (unlisted > 0) await printLine(`${unlisted} more bad objects are not listed`);
  for (const { path, why } of report.damagedRefs) await printLine(`damaged ${shownName(path)}: ${why}`);
}

function reportDocument({
  commits,
  partialCommits,
  objects,
  faults,
  counts,
  damagedRefs,
}: FsckReport): object {
  return {
    commits,
    partialCommits,
    objects,
    faults: faults.map(({ kind, object, commit, path, message }) => ({
      kind,
      object: formatObjectName(object),
      commit: commit ?? null,
      path: path ?? null,
      message,
    })),
    counts,
    damagedRefs: damagedRefs.map(({ path, why }) => ({ path, why })),
  };
}

function faultLine(fault: LocatedFault): string {
  const place = fault.path === undefined ? '' : ` at ${shownName(fault.path)} of commit ${fault.commit}`;
  return `${fault.kind} ${formatObjectName(fault.object)}${place}: ${fault.message}`;
}

function faultCount({ counts }: FsckReport): number {
  return counts.corrupt + counts.missing + counts.unreadable;
}

function countFaults(report: FsckReport): string {
  const { counts, damagedRefs, objects } = report;
  const kinds = (['corrupt', 'missing', 'unreadable'] as const)
    .filter((kind) => counts[kind] > 0)
    .map((kind) => `${counts[kind]} ${kind}`);
  const bad = `${faultCount(report)} of ${objects} objects are bad (${kinds.join(', ')})`;
  const refs = `${damagedRefs.length} damaged ${damagedRefs.length === 1 ? 'ref' : 'refs'}`;
  return [...(kinds.length > 0 ? [bad] : []), ...(damagedRefs.length > 0 ? [refs] : [])].join(', ');
}

/** `ostree fsck` marks commits that lack objects as partial, so that a pull fetches what is missing. */
function nextStep(path: string, { faults, damagedRefs }: FsckReport): string {
  const ofObjects = `\`ostree fsck --delete --repo=${quoteName(path)}\` removes bad objects, then pull or import the commits again`;
  const ofRefs = 'remove the files of damaged refs, then set the refs again';
  return [...(faults.length > 0 ? [ofObjects] : []), ...(damagedRefs.length > 0 ? [ofRefs] : [])].join('; ');
}

function summaryLine({ commits, partialCommits, objects }: FsckReport): string {
  const partial = partialCommits > 0 ? `, ${partialCommits} partial commits not checked` : '';
  return `${objects} objects of ${commits} commits are good${partial}`;
}
