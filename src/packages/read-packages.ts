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
import { type ListedPackage, PACKAGE_FORMATS, type Package, type PackageFormat } from './package.ts';
import { findPacmanDatabase } from './pacman/pacman-database.ts';
import { packageListDatabase } from './rpm/package-list.ts';
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

/** The part of a commit that tells about its packages. */
type PackagedCommit = Pick<Commit, 'rootTree' | 'rootMeta' | 'metadata'>;

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
  commit: PackagedCommit,
  options: ReadPackagesOptions = {},
): Promise<CommitPackages> {
  return readInto(commitFiles(source, commit), commit, options, async () => {});
}

/** Whether {@link readPackages} finds any; reads no more of the database than that takes. */
export async function hasPackages(
  source: ObjectSource,
  commit: PackagedCommit,
  options: Pick<ReadPackagesOptions, 'format'> = {},
): Promise<boolean> {
  for await (const database of findDatabases(commitFiles(source, commit), commit, options))
    for await (const _ of database.packages(() => {})) return true;
  return false;
}

/**
 * Like {@link readPackages}, with the owner of each path and the facts of each content object: everything
 * that a plan of layers is made of.
 */
export async function readOwnership(
  source: ObjectSource,
  commit: PackagedCommit,
  options: ReadPackagesOptions = {},
): Promise<CommitOwnership> {
  const files = commitFiles(source, commit);
  const owners = new OwnerMap(files);
  const found = await readInto(files, commit, options, (listed) => owners.add(listed));
  const facts = await readContentFacts(source, files, options.warn ?? (() => {}));
  return { ...found, ...facts, owners: await owners.finish(), files };
}

function commitFiles(source: ObjectSource, { rootTree, rootMeta }: PackagedCommit) {
  return new CommitFiles(source, { tree: rootTree, meta: rootMeta });
}

type Take = (listed: ListedPackage) => Promise<void>;

/** The first database with packages. A system may have an empty one of another format's tools. */
async function readInto(
  files: CommitFiles,
  commit: PackagedCommit,
  options: ReadPackagesOptions,
  take: Take,
): Promise<CommitPackages> {
  const { warn = () => {} } = options;
  const nothing: { database: PackageDatabase | undefined } = { database: undefined };
  for await (const database of findDatabases(files, commit, options)) {
    const packages = await readDatabase(database, warn, take);
    if (packages.length > 0) return { database, packages };
    nothing.database ??= database;
  }
  return { ...nothing, packages: [] };
}

async function readDatabase(database: PackageDatabase, warn: Warn, take: Take): Promise<readonly Package[]> {
  const packages = new Map<string, Package>();
  for await (const listed of database.packages(warn)) {
    const { id } = listed.package;
    if (packages.has(id)) {
      warn(`${database.path} in the commit has the package ${id} twice; the first counts`);
    } else {
      packages.set(id, listed.package);
      await take(listed);
    }
  }
  return [...packages.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function* findDatabases(
  files: CommitFiles,
  commit: PackagedCommit,
  { format, warn = () => {} }: ReadPackagesOptions,
): AsyncGenerator<PackageDatabase> {
  if (format === 'none') return;
  const found = { any: false };
  for (const wanted of format === undefined ? PACKAGE_FORMATS : [format]) {
    const database = await DATABASES[wanted](files, warn);
    const list = wanted === 'rpm' ? packageListDatabase(commit) : undefined;
    for (const each of [database, list]) {
      if (each === undefined) continue;
      found.any = true;
      yield each;
    }
  }
  if (found.any || format === undefined) return;
  throw new TreeportError(
    'ERR_PACKAGE_DATABASE',
    `the commit has no ${format} database at any of the known places; leave out --packages to look for others`,
  );
}
