/**
 * Reads the packages of a commit, and which path belongs to which of them, from the package database in the
 * commit: no checkout, no package manager. A commit without a database has no packages, which is no error.
 */
import { TreeportError, type Warn } from '../base/errors.ts';
import type { Commit } from '../ostree/commit.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { findApkDatabase } from './apk/apk-database.ts';
import { CommitFiles } from './commit-files.ts';
import { type ContentFacts, readContentFacts } from './content-facts.ts';
import type { FindDatabase, PackageDatabase } from './database.ts';
import { findDpkgDatabase, findOpkgDatabase } from './dpkg/dpkg-database.ts';
import { OwnerMap, type PathOwners } from './ownership.ts';
import type { ListedPackage, Package, PackageFormat } from './package.ts';
import { findPacmanDatabase } from './pacman/pacman-database.ts';
import { findRpmDatabase } from './rpm/rpm-database.ts';

export type ReadPackagesOptions = {
  /** The format of the database, or `none` to read none; by default, the first that the commit has. */
  readonly format?: PackageFormat | 'none';
  /** Told about records that cannot be read. */
  readonly warn?: Warn;
};

export type CommitPackages = {
  /** The database; undefined if the commit has none. */
  readonly database: PackageDatabase | undefined;
  /** Sorted by id. */
  readonly packages: readonly Package[];
};

export type CommitOwnership = CommitPackages &
  ContentFacts & {
    /** Which package owns which path. A component of {@link ContentFacts.components} precedes it. */
    readonly owners: PathOwners;
    /** The tree, with every directory loaded. */
    readonly files: CommitFiles;
  };

/** In the order in which they are looked for. */
const DATABASES: Readonly<Record<PackageFormat, FindDatabase>> = {
  rpm: findRpmDatabase,
  dpkg: findDpkgDatabase,
  pacman: findPacmanDatabase,
  apk: findApkDatabase,
  opkg: findOpkgDatabase,
};

/** Throws ERR_PACKAGE_DATABASE if the commit lacks a database of the format that is asked for. */
export async function readPackages(
  source: ObjectSource,
  commit: Pick<Commit, 'rootTree' | 'rootMeta'>,
  options: ReadPackagesOptions = {},
): Promise<CommitPackages> {
  return readInto(commitFiles(source, commit), options, async () => {});
}

/**
 * Like {@link readPackages}, with the owner of each path and the facts of each content object: everything
 * that a plan of layers is made of.
 */
export async function readOwnership(
  source: ObjectSource,
  commit: Pick<Commit, 'rootTree' | 'rootMeta'>,
  options: ReadPackagesOptions = {},
): Promise<CommitOwnership> {
  const files = commitFiles(source, commit);
  const owners = new OwnerMap(files);
  const found = await readInto(files, options, (listed) => owners.add(listed));
  const facts = await readContentFacts(source, files, options.warn ?? (() => {}));
  return { ...found, ...facts, owners: await owners.finish(), files };
}

function commitFiles(source: ObjectSource, { rootTree, rootMeta }: Pick<Commit, 'rootTree' | 'rootMeta'>) {
  return new CommitFiles(source, { tree: rootTree, meta: rootMeta });
}

async function readInto(
  files: CommitFiles,
  { format, warn = () => {} }: ReadPackagesOptions,
  take: (listed: ListedPackage) => Promise<void>,
): Promise<CommitPackages> {
  const database = await findDatabase(files, format, warn);
  if (database === undefined) return { database, packages: [] };
  const packages = new Map<string, Package>();
  for await (const listed of database.packages(warn)) {
    const { id } = listed.package;
    if (packages.has(id))
      warn(`${database.path} in the commit has the package ${id} twice; the first counts`);
    else {
      packages.set(id, listed.package);
      await take(listed);
    }
  }
  return { database, packages: [...packages.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

async function findDatabase(
  files: CommitFiles,
  format: PackageFormat | 'none' | undefined,
  warn: Warn,
): Promise<PackageDatabase | undefined> {
  if (format === 'none') return undefined;
  if (format === undefined) {
    for (const find of Object.values(DATABASES)) {
      const found = await find(files, warn);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const found = await DATABASES[format](files, warn);
  if (found !== undefined) return found;
  throw new TreeportError(
    'ERR_PACKAGE_DATABASE',
    `the commit has no ${format} database at any of the known places; leave out --packages to look for others`,
  );
}
