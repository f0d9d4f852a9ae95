import type { Command } from 'commander';
import { formatByteSize } from '../base/byte-size.ts';
import type { Package } from '../packages/package.ts';
import { repoOption } from './options.ts';
import { printJson, printLine } from './output.ts';
import { openRevision, type PackagesOptions, packagesOption, readOptions } from './packages-options.ts';
import { tableLines } from './table-lines.ts';

type Options = PackagesOptions & { readonly json?: boolean };

export function addPackagesList(group: Command): void {
  group
    .command('list')
    .description(
      'list the packages of a commit: name, version, architecture, size, last change, changes to expect in a year, source',
    )
    .argument('<revision>', 'a ref, commit or REF^')
    .addOption(repoOption())
    .addOption(packagesOption())
    .option('--json', 'print everything as one JSON document')
    .action(list);
}

async function list(revision: string, options: Options): Promise<void> {
  const { readPackages } = await import('../packages/read-packages.ts');
  const { repo, commit } = await openRevision(revision, options);
  const { changeRates } = await import('../packages/change-rate.ts');
  const { database, packages } = await readPackages(repo.objects, commit, readOptions(options));
  const rates = changeRates(packages);
  const perYear = (one: Package) => rates.of(one) * 365;
  if (options.json) {
    const path = database?.path;
    return printJson(
      {
        format: database?.format ?? 'none',
        database: path,
        packages: packages.map((one) => packageDocument(one, perYear(one))),
      },
      2,
    );
  }
  for (const line of tableLines([HEADINGS, ...packages.map((one) => row(one, perYear(one)))]))
    await printLine(line);
}

const HEADINGS = ['NAME', 'VERSION', 'ARCHITECTURE', 'SIZE', 'CHANGED', 'PER YEAR', 'SOURCE'];

/** `rate`: changes to expect in a year. */
function row(one: Package, rate: number): readonly string[] {
  const size = one.size === undefined ? '-' : formatByteSize(one.size);
  return [one.name, one.version, one.architecture, size, dateOf(changedAt(one)), rate.toFixed(1), one.source];
}

/** Undefined times are `-`. */
function dateOf(seconds: number | undefined): string {
  const date = new Date((seconds ?? Number.NaN) * 1000);
  return Number.isNaN(date.valueOf()) ? '-' : date.toISOString().slice(0, 10);
}

/** The newest entry of the changelog, else the build. */
function changedAt({ changes, built }: Package): number | undefined {
  return changes[0] ?? built;
}

function packageDocument({ changes, sourceFile: _, ...one }: Package, rate: number): object {
  return {
    ...one,
    changed: changedAt({ changes, ...one }),
    changes: changes.length,
    changesPerYear: Number(rate.toPrecision(4)),
  };
}
