/**
 * Packages of a commit: what every package database tells, whatever its format.
 *
 * A database may have several packages of one name: kernels of several versions, libraries of several
 * architectures. `id` is unique in a commit, `key` stays the same from version to version.
 */
/** In the order in which their databases are looked for. */
export const PACKAGE_FORMATS = ['rpm', 'dpkg', 'pacman', 'apk', 'opkg'] as const;

export type PackageFormat = (typeof PACKAGE_FORMATS)[number];

export type Package = {
  /**
   * Unique in a commit, in the words of the format's tools: `bash-5.2-1.fc43.x86_64` (rpm, with the epoch
   * only if it is not 0), `bash:amd64=5.2-1` (dpkg, opkg), `bash-5.2-1-x86_64` (pacman), `bash-5.2-r0` (apk).
   */
  readonly id: string;
  /** The same in all versions: the name, with the architecture if several can be installed side by side. */
  readonly key: string;
  readonly name: string;
  /** With epoch and release, as the format's tools print it. */
  readonly version: string;
  readonly architecture: string;
  /** The source package, without its version; the name if the database does not tell. */
  readonly source: string;
  /** The file name of the source package, which rpm records. */
  readonly sourceFile?: string;
  /** Bytes that the package takes when it is installed, by its own account. */
  readonly size: number | undefined;
  /** When it was built, in seconds since 1970. dpkg and opkg do not record it. */
  readonly built: number | undefined;
  /** Times of the changelog's entries in seconds since 1970, newest first; empty without a changelog. */
  readonly changes: readonly number[];
};

/** A package with its files. */
export type ListedPackage = {
  readonly package: Package;
  /** Absolute paths as the database has them, which the commit may have elsewhere; see commit-paths.ts. */
  readonly files: readonly string[];
};

/** One entry of a changelog, for people. */
export type ChangelogEntry = {
  /** Seconds since 1970. */
  readonly time: number;
  readonly author: string;
  /** The version, if the format keeps it apart. */
  readonly version: string | undefined;
  /** May have several lines. */
  readonly text: string;
};
