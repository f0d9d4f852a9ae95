/**
 * Which component has which path and object, as rpm-ostree decides it: the initramfs of a kernel, then the
 * package that lists the path where the commit has it, else the unpackaged content. Of an object with
 * several paths, the last path decides. What builders move, such as `/etc`, counts as unpackaged there.
 *
 * Several kernels have an initramfs each here; rpm-ostree refuses them.
 */
import type { Package } from '../../packages/package.ts';
import type { CommitOwnership } from '../../packages/read-packages.ts';
import { initramfsFacts, packageFacts, UNPACKAGED } from './compatible-facts.ts';
import type { ComponentFacts } from './component.ts';
import type { Homes } from './homes.ts';

const INITRAMFS = /^\/usr\/lib\/modules\/([^/]+)\/initramfs\.img$/;

export function compatibleHomes(ownership: CommitOwnership, rate: (one: Package) => number): Homes {
  const facts = packageFacts(ownership.packages, rate);
  const kernels = new Map<string, ComponentFacts>();
  return {
    fixed: (path, siblings) => {
      const kernel = siblings.has('vmlinuz') ? INITRAMFS.exec(path)?.[1] : undefined;
      if (kernel === undefined) return undefined;
      const known = kernels.get(kernel) ?? initramfsFacts(kernel);
      kernels.set(kernel, known);
      return known;
    },
    of: (path) => {
      const owner = ownership.owners.get(path);
      if (owner?.why !== 'listed' || owner.moved) return UNPACKAGED;
      return facts.get(owner.packages[0]) ?? UNPACKAGED;
    },
    choose: (placed) =>
      placed.reduce((last, each) => (comparePaths(last.path, each.path) < 0 ? each : last)).home,
  };
}

/** Component by component, so `/a/b` comes before `/a-b`. */
function comparePaths(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  const at = left.findIndex((name, index) => name !== right[index]);
  if (at < 0) return left.length - right.length;
  const [name = '', other] = [left[at], right[at]];
  return other === undefined ? 1 : Buffer.compare(Buffer.from(name), Buffer.from(other));
}
