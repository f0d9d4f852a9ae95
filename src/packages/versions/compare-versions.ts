/** Compares versions of packages by the rules of their format. */
import type { PackageFormat } from '../package.ts';
import { compareApkVersions } from './apk-version.ts';
import { compareDebianVersions } from './debian-version.ts';
import { comparePacmanVersions, compareRpmVersions } from './rpm-version.ts';

const RULES: Readonly<Record<PackageFormat, (a: string, b: string) => number>> = {
  rpm: compareRpmVersions,
  dpkg: compareDebianVersions,
  pacman: comparePacmanVersions,
  apk: compareApkVersions,
  opkg: compareDebianVersions,
};

/** Negative if `a` is older than `b`, 0 if neither is newer. */
export function compareVersions(format: PackageFormat, a: string, b: string): number {
  return RULES[format](a, b);
}
