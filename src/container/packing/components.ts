/** The components of a commit: each path has a home, and an object goes where its paths, together, belong. */
import { TreeportError, type Warn } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { Commit } from '../../ostree/commit.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { changeRates } from '../../packages/change-rate.ts';
import type { UserComponent } from '../../packages/content-facts.ts';
import type { Package, PackageFormat } from '../../packages/package.ts';
import { type CommitOwnership, readOwnership } from '../../packages/read-packages.ts';
import { userFacts } from './compatible-facts.ts';
import { compatibleHomes } from './compatible-homes.ts';
import type { Component, ComponentFacts } from './component.ts';
import type { Homes, Placed } from './homes.ts';
import { stableHomes } from './stable-homes.ts';

export type ComponentOptions = {
  /** Decides which components there are: those of rpm-ostree, or finer ones. */
  readonly packing: 'compatible' | 'stable';
  /** As in readPackages. A commit without packages has fewer components. */
  readonly format?: PackageFormat | 'none';
  /** Told about records of package databases and attributes that cannot be used. */
  readonly warn?: Warn;
};

export type CommitComponents = {
  /** The largest first, and equally large ones by identifier. None is empty of objects. */
  readonly components: readonly Component[];
  /** The format of the package database; undefined if the commit has no packages. */
  readonly format: PackageFormat | undefined;
};

type Draft = { readonly facts: ComponentFacts; readonly objects: Map<Checksum, string[]>; size: number };

/** Throws ERR_PACKAGE_DATABASE if the commit lacks a database of the format that is asked for. */
export async function commitComponents(
  source: ObjectSource,
  commit: Commit,
  options: ComponentOptions,
): Promise<CommitComponents> {
  const { format, warn, packing } = options;
  const reading = { ...(format && { format }), ...(warn && { warn }) };
  return ownedComponents(await readOwnership(source, commit, reading), packing);
}

/** The components of a commit whose ownership was read. */
export async function ownedComponents(
  ownership: CommitOwnership,
  packing: ComponentOptions['packing'],
): Promise<CommitComponents> {
  const rates = changeRates(ownership.packages);
  const perYear = (one: Package) => rates.of(one) * 365;
  const homes =
    packing === 'compatible' ? compatibleHomes(ownership, perYear) : await stableHomes(ownership, perYear);
  const drafts = await assign(ownership, homes);
  return {
    components: [...drafts]
      .map(({ facts, objects, size }) => ({ ...facts, objects, size }))
      .toSorted((a, b) => b.size - a.size || (a.identifier < b.identifier ? -1 : 1)),
    format: ownership.packages.length > 0 ? ownership.database?.format : undefined,
  };
}

/** ERR_LAYER_PLAN if images cannot list it. */
function userComponent({ name, updateInterval }: UserComponent, path: string): ComponentFacts {
  if (!name.includes(',')) return userFacts(name, updateInterval);
  throw new TreeportError(
    'ERR_LAYER_PLAN',
    `${path} in the commit has the user.component ${JSON.stringify(name)}: images list components with commas between them, so give it a name without one`,
  );
}

async function assign(ownership: CommitOwnership, homes: Homes): Promise<Iterable<Draft>> {
  const drafts = new Map<string, Draft>();
  const add = (facts: ComponentFacts, checksum: Checksum, path: string) => {
    const id = `${facts.kind} ${facts.identifier}`;
    const draft = drafts.get(id) ?? { facts, objects: new Map<Checksum, string[]>(), size: 0 };
    drafts.set(id, draft);
    const paths = draft.objects.get(checksum);
    if (paths !== undefined) return paths.push(path);
    draft.size += ownership.sizes.get(checksum) ?? 0;
    return draft.objects.set(checksum, [path]);
  };
  const users = new Map<string, ComponentFacts>();
  const whole = new Map<Checksum, Placed[]>();
  for await (const { files } of ownership.files.directories()) {
    for (const { path, checksum } of files.values()) {
      const fixed = homes.fixed(path, files);
      const user = fixed === undefined ? ownership.components.get(path) : undefined;
      if (user !== undefined) {
        const facts = users.get(user.name) ?? userComponent(user, path);
        users.set(user.name, facts);
        add(facts, checksum, path);
        continue;
      }
      const placed = { path, home: fixed ?? homes.of(path) };
      const others = whole.get(checksum);
      if (others === undefined) whole.set(checksum, [placed]);
      else others.push(placed);
    }
  }
  for (const [checksum, placed] of whole) {
    const home = homes.choose(placed, checksum);
    for (const { path } of placed) add(home, checksum, path);
  }
  return drafts.values();
}
