/**
 * Compares the packages of two commits. Packages are the same if their keys are: the name, with the
 * architecture where several can be installed. Of a key with several versions, such as kernels, equal
 * versions stay, and the others are paired from the oldest up.
 */
import type { ChangelogEntry, Package, PackageFormat } from './package.ts';
import { compareVersions } from './versions/compare-versions.ts';

export type PackageChange =
  | { readonly kind: 'added'; readonly to: Package }
  | { readonly kind: 'removed'; readonly from: Package }
  /** `upgraded` also if both versions are equal by the format's rules, but not by their letters. */
  | PairedChange;

export type PairedChange = {
  readonly kind: 'upgraded' | 'downgraded';
  readonly from: Package;
  readonly to: Package;
};

/** Sorted by key. */
export function diffPackages(
  format: PackageFormat,
  before: readonly Package[],
  after: readonly Package[],
): readonly PackageChange[] {
  const [old, fresh] = [Map.groupBy(before, ({ key }) => key), Map.groupBy(after, ({ key }) => key)];
  const keys = [...new Set([...old.keys(), ...fresh.keys()])].toSorted();
  return keys.flatMap((key) => diffKey(format, old.get(key) ?? [], fresh.get(key) ?? []));
}

function diffKey(
  format: PackageFormat,
  before: readonly Package[],
  after: readonly Package[],
): readonly PackageChange[] {
  const without = (list: readonly Package[], others: readonly Package[]) =>
    list
      .filter(({ id }) => !others.some((other) => other.id === id))
      .toSorted((a, b) => compareVersions(format, a.version, b.version));
  const [gone, come] = [without(before, after), without(after, before)];
  const pairs = Math.min(gone.length, come.length);
  return [
    ...gone.slice(0, pairs).map((from, index) => paired(format, from, come[index] as Package)),
    ...gone.slice(pairs).map((from): PackageChange => ({ kind: 'removed', from })),
    ...come.slice(pairs).map((to): PackageChange => ({ kind: 'added', to })),
  ];
}

function paired(format: PackageFormat, from: Package, to: Package): PackageChange {
  const older = compareVersions(format, to.version, from.version) < 0;
  return { kind: older ? 'downgraded' : 'upgraded', from, to };
}

/** The entries of `after` that `before` does not have: what is new in an upgrade. */
export function newEntries(
  before: readonly ChangelogEntry[],
  after: readonly ChangelogEntry[],
): readonly ChangelogEntry[] {
  const known = new Set(before.map(entryKey));
  return after.filter((entry) => !known.has(entryKey(entry)));
}

function entryKey({ time, author, version, text }: ChangelogEntry): string {
  return JSON.stringify([time, author, version, text]);
}
