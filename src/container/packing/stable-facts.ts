/**
 * What the components of `--packing stable` are: packages, and for what changes in a way of its own, the
 * kernels, their initramfs, the package database, configuration and unpackaged content.
 */
import type { Package } from '../../packages/package.ts';
import type { CommitOwnership } from '../../packages/read-packages.ts';
import { everyBuild, packageFacts } from './compatible-facts.ts';
import type { ComponentFacts } from './component.ts';

/** Packages are called by their names, as in ostree-ext; by their keys where several have one name. */
export function stablePackageFacts(
  packages: CommitOwnership['packages'],
  rate: (one: Package) => number,
): ReadonlyMap<Package, ComponentFacts> {
  const names = Map.groupBy(packages, ({ name }) => name);
  return new Map(
    [...packageFacts(packages, rate)].map(([one, facts]) =>
      names.get(one.name)?.length === 1 ? [one, facts] : [one, { ...facts, name: one.key }],
    ),
  );
}

/** `rate`: that of the packages it is of. */
export function kernelFacts(version: string, rate: number): ComponentFacts {
  return { ...everyBuild(`kernel ${version}`, 'kernel'), changeRate: rate };
}

export function stableInitramfsFacts(version: string): ComponentFacts {
  return everyBuild(`initramfs ${version}`, 'initramfs');
}

/** It changes with any package. */
export function databaseFacts(rates: Iterable<number>): ComponentFacts {
  let changeRate = 0;
  for (const rate of rates) changeRate += rate;
  return { ...everyBuild('package database', 'database'), changeRate };
}

export const CONFIGURATION: ComponentFacts = everyBuild('unpackaged configuration', 'configuration');

export const UNOWNED: ComponentFacts = everyBuild('unpackaged', 'unpackaged');

/** Content below one directory that is large enough for a component of its own. */
export function unownedFacts(directory: string): ComponentFacts {
  return everyBuild(`unpackaged ${directory.replaceAll(',', '_')}`, 'unpackaged');
}
