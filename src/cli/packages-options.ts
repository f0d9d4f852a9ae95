/** What the verbs of `treeport packages` have in common: their options. */
import { Option } from 'commander';
import type { Commit } from '../ostree/commit.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { PACKAGE_FORMATS, type PackageFormat } from '../packages/package.ts';
import type { ReadPackagesOptions } from '../packages/read-packages.ts';
import { openRepo } from './open-repo.ts';
import { warn } from './report.ts';

export type PackagesOptions = { readonly repo: string; readonly packages?: PackageFormat | 'none' };

/** `--packages FORMAT`. */
export function packagesOption(): Option {
  return new Option(
    '--packages <format>',
    'format of the package database in the commit (default: the first that is found)',
  ).choices([...PACKAGE_FORMATS, 'none']);
}

/** Opens the repository and loads the commit of a revision. */
export async function openRevision(
  revision: string,
  options: PackagesOptions,
): Promise<{ readonly repo: Repository; readonly commit: Commit }> {
  const { loadCommit, resolveRevision } = await import('../ostree/revision.ts');
  const repo = await openRepo(options.repo);
  return { repo, commit: await loadCommit(repo, await resolveRevision(repo, revision)) };
}

/** How the packages are read; warnings are printed. */
export function readOptions({ packages: format }: PackagesOptions): ReadPackagesOptions {
  return { warn, ...(format === undefined ? {} : { format }) };
}
