/** What the readers of package databases have in common: one for each format, chosen by read-packages.ts. */
import type { Warn } from '../base/errors.ts';
import type { CommitFiles } from './commit-files.ts';
import type { ChangelogEntry, ListedPackage, Package, PackageFormat } from './package.ts';

export type PackageDatabase = {
  readonly format: PackageFormat;
  /** The file or directory in the commit that it was found at. */
  readonly path: string;
  /**
   * Its packages, one after the other. A record that cannot be read is reported to `warn`, with the file and
   * the record, and left out.
   */
  packages(warn: Warn): AsyncIterable<ListedPackage>;
  /**
   * Where its files would be that tell of this package alone and change with its version only. Absent if it
   * has no such files.
   */
  recordsOf?(one: Package): readonly string[];
  /** The changelogs of these packages, newest entry first; packages without one are left out. */
  changelogs(
    packages: readonly Package[],
    warn: Warn,
  ): Promise<ReadonlyMap<Package, readonly ChangelogEntry[]>>;
};

/** Finds the format's database at one of the known places; undefined if there is none. */
export type FindDatabase = (files: CommitFiles, warn: Warn) => Promise<PackageDatabase | undefined>;
