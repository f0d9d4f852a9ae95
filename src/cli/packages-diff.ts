import { type Command, Option } from 'commander';
import type { PackageChange } from '../packages/diff-packages.ts';
import type { ChangelogEntry, Package } from '../packages/package.ts';
import type { CommitPackages } from '../packages/read-packages.ts';
import { indented } from './clean-text.ts';
import { repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { openRevision, type PackagesOptions, packagesOption, readOptions } from './packages-options.ts';
import { warn } from './report.ts';

type Options = PackagesOptions & { readonly json?: boolean; readonly changelogs?: boolean };

/** Entries of an upgrade's changelog by the upgraded package. */
type Changelogs = ReadonlyMap<Package, readonly ChangelogEntry[]>;

export function addPackagesDiff(group: Command): void {
  group
    .command('diff')
    .description('compare the packages of two commits: upgraded, downgraded, removed, added')
    .argument('<from>', 'a ref, commit or REF^')
    .argument('<to>', 'a ref, commit or REF^')
    .addOption(repoOption())
    .addOption(packagesOption())
    .addOption(new Option('-c, --changelogs', 'print what is new in the changelogs of upgraded packages'))
    .addOption(new Option('--json', 'print everything, changelogs included, as one JSON document'))
    .action(printPackageDiff);
}

async function printPackageDiff(from: string, to: string, options: Options): Promise<void> {
  const { diffPackages } = await import('../packages/diff-packages.ts');
  const before = await packagesOf(from, options);
  const after = await packagesOf(to, options);
  const format = after.database?.format ?? before.database?.format ?? 'rpm';
  if (before.database !== undefined && after.database !== undefined && before.database.format !== format)
    warn(`the packages of ${from} are of ${before.database.format}, those of ${to} of ${format}`);
  const changes = diffPackages(format, before.packages, after.packages);
  const news: Changelogs =
    options.json || options.changelogs ? await readNews(before, after, changes) : new Map();
  if (options.json)
    return printJson(
      changes.map((change) => changeDocument(change, news)),
      2,
    );
  for (const line of diffTextLines(changes, news)) await printLine(line);
}

async function packagesOf(revision: string, options: Options): Promise<CommitPackages> {
  const { readPackages } = await import('../packages/read-packages.ts');
  const { repo, commit } = await openRevision(revision, options);
  return readPackages(repo.objects, commit, readOptions(options));
}

async function readNews(
  before: CommitPackages,
  after: CommitPackages,
  changes: readonly PackageChange[],
): Promise<Changelogs> {
  const { newEntries } = await import('../packages/diff-packages.ts');
  const upgraded = changes.flatMap((change) => (change.kind === 'upgraded' ? [change] : []));
  const read = ({ database }: CommitPackages, wanted: readonly Package[]) =>
    database?.changelogs(wanted, warn) ?? Promise.resolve(new Map());
  const old = await read(
    before,
    upgraded.map(({ from }) => from),
  );
  const fresh = await read(
    after,
    upgraded.map(({ to }) => to),
  );
  return new Map(
    upgraded.flatMap(({ from, to }) => {
      const [known, entries] = [old.get(from), fresh.get(to)];
      return known === undefined || entries === undefined ? [] : [[to, newEntries(known, entries)] as const];
    }),
  );
}

const TITLES = {
  upgraded: 'Upgraded:',
  downgraded: 'Downgraded:',
  removed: 'Removed:',
  added: 'Added:',
} as const;

/** Sections as of `rpm-ostree db diff`; empty ones are left out. */
export function* diffTextLines(changes: readonly PackageChange[], news: Changelogs): Generator<string> {
  for (const kind of ['upgraded', 'downgraded', 'removed', 'added'] as const) {
    const section = changes.filter((change) => change.kind === kind);
    if (section.length > 0) yield TITLES[kind];
    for (const change of section) {
      yield `  ${changeText(change)}`;
      if (change.kind === 'upgraded') yield* changelogLines(news.get(change.to) ?? []);
    }
  }
}

function changeText(change: PackageChange): string {
  if (change.kind === 'added') return `${change.to.key} ${change.to.version}`;
  if (change.kind === 'removed') return `${change.from.key} ${change.from.version}`;
  return `${change.to.key} ${change.from.version} -> ${change.to.version}`;
}

function* changelogLines(entries: readonly ChangelogEntry[]): Generator<string> {
  for (const { time, author, version, text } of entries) {
    const date = new Date(time * 1000).toISOString().slice(0, 10);
    yield `    * ${[date, author, version].filter((part) => part !== undefined).join(' ')}`;
    yield* indented(text, '      ');
  }
}

function changeDocument(change: PackageChange, news: Changelogs): object {
  const shown = ({ changes: _, ...one }: Package) => one;
  const entries = 'to' in change ? news.get(change.to) : undefined;
  return {
    kind: change.kind,
    ...('from' in change ? { from: shown(change.from) } : {}),
    ...('to' in change ? { to: shown(change.to) } : {}),
    ...(entries === undefined ? {} : { changelog: entries }),
  };
}
