/**
 * What the components of a commit are called and how often they change, by the rules of rpm-ostree's
 * `compose container-encapsulate`: images that both build have the same components.
 */

import type { Package } from '../../packages/package.ts';
import type { CommitOwnership } from '../../packages/read-packages.ts';
import { EVERY_BUILD } from './compatible.ts';
import type { ComponentFacts } from './component.ts';

const HOUR = 3600;
const YEAR = 366 * 24 * HOUR;
const EVERY_BUILD_FACTS = { changeFrequency: EVERY_BUILD, changeTimeOffset: EVERY_BUILD };

/** What no package owns. */
export const UNPACKAGED: ComponentFacts = everyBuild('rpmostree-unpackaged-content', 'unpackaged');

export function initramfsFacts(kernel: string): ComponentFacts {
  return { ...everyBuild(`initramfs (kernel ${kernel})`, 'initramfs'), name: 'initramfs' };
}

export function userFacts(name: string, interval: number | undefined): ComponentFacts {
  const changeRate = 365 / (interval ?? 14);
  return { ...everyBuild(name, 'user'), sourceId: `component:${name}`, changeRate };
}

/** Facts of each package. The changelog's newest entry stands for the build where that is not known. */
export function packageFacts(
  packages: CommitOwnership['packages'],
  rate: (one: Package) => number,
): ReadonlyMap<Package, ComponentFacts> {
  const builds = packages.flatMap((one) => builtAt(one) ?? []);
  const range = builds.reduce(
    ({ oldest, newest }, at) => ({ oldest: Math.min(oldest, at), newest: Math.max(newest, at) }),
    { oldest: Infinity, newest: 0 },
  );
  return new Map(
    packages.map((one) => [
      one,
      {
        identifier: one.id,
        name: one.name,
        key: one.key,
        kind: 'package',
        group: one.source,
        sourceId: one.sourceFile ?? one.source,
        // Upstream compares whole days, and counts those of the 365th.
        changeFrequency: one.changes.filter((time) => range.newest - time < YEAR).length,
        changeTimeOffset: Math.floor(((builtAt(one) ?? range.oldest) - range.oldest) / HOUR),
        changeRate: rate(one),
      },
    ]),
  );
}

function builtAt({ built, changes }: Package): number | undefined {
  return built ?? changes[0];
}

/** A component of which every build has another. */
export function everyBuild(identifier: string, kind: ComponentFacts['kind']): ComponentFacts {
  return {
    identifier,
    name: identifier,
    key: identifier,
    kind,
    group: identifier,
    sourceId: identifier,
    changeRate: 26,
    ...EVERY_BUILD_FACTS,
  };
}
