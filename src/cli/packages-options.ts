/** What the verbs of `treeport packages` have in common: their options, and reading the packages. */
import { Option } from 'commander';
import type { Commit } from '../ostree/commit.ts';
import type { Repository } from '../ostree/repo/open.ts';
import type { PackageFormat } from '../packages/package.ts';
import type { CommitPackages } from '../packages/read-packages.ts';
import { openRepo } from './open-repo.ts';
import { warn } from './report.ts';

export type PackagesOptions = { readonly repo: string; readonly packages?: PackageFormat | 'none' };

/** `--packages FORMAT`. */
export function packagesOption(): Option {
  return new Option(
    '--packages <format>',
    'format of the package database in the commit (default: the first that is found)',
  ).choices(['rpm', 'dpkg', 'opkg', 'none']);
}

export type RevisionPackages = {
  readonly repo: Repository;
  readonly commit: Commit;
  readonly found: CommitPackages;
};

/** Opens the repository and reads the packages of a revision; prints warnings. */
export async function packagesOf(revision: string, options: PackagesOptions): Promise<RevisionPackages> {
  const { readPackages } = await import('../packages/read-packages.ts');
  const { loadCommit, resolveRevision } = await import('../ostree/revision.ts');
  const repo = await openRepo(options.repo);
  const commit = await loadCommit(repo, await resolveRevision(repo, revision));
  const { packages: format } = options;
  const found = await readPackages(repo.objects, commit, {
    warn,
    ...(format === undefined ? {} : { format }),
  });
  return { repo, commit, found };
}
