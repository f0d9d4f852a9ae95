/**
 * Measures the depth of trees. Programs that unpack or walk a tree may recurse, libostree included, so
 * imports and fsck reject more than {@link MAX_TREE_LEVELS} levels.
 *
 * A dirtree that occurs at several paths is read once, and its first path need not be the deepest, so levels
 * are counted afterwards, bottom up, over the checksums alone.
 */
import type { TreeportError } from '../base/errors.ts';
import type { Checksum } from './checksum.ts';
import { objectFault } from './object-fault.ts';
import { formatObjectName } from './object-name.ts';

export const MAX_TREE_LEVELS = 2047;

/** ERR_OBJECT_CORRUPT for a dirtree that is too deep. */
export function tooDeepFault(tree: Checksum): TreeportError {
  const name = formatObjectName({ type: 'dirtree', checksum: tree });
  return objectFault(
    `object ${name}`,
    `lies more than ${MAX_TREE_LEVELS} directories deep, which nothing could unpack`,
  );
}

export class TreeLevels {
  readonly #numbers = new Map<Checksum, number>();
  /** Indexed by number, like the fields below. */
  readonly #checksums: Checksum[] = [];
  readonly #children: Uint32Array[] = [];
  /** Levels of a tree, including itself; 0 while being counted. */
  readonly #levels: number[] = [];

  /** Records the subdirectories of a dirtree; call it before checking a tree that contains it. */
  add(tree: Checksum, children: Iterable<Checksum>): void {
    this.#children[this.#numberOf(tree)] = Uint32Array.from(children, (child) => this.#numberOf(child));
  }

  /** A dirtree below the last permitted level, if any. Dirtrees that were not added have no children. */
  tooDeep(root: Checksum): Checksum | undefined {
    let tree = this.#numberOf(root);
    if (this.#count(tree) <= MAX_TREE_LEVELS) return undefined;
    for (let level = 1; level <= MAX_TREE_LEVELS; level++) tree = this.#deepestChild(tree);
    return this.#checksums[tree];
  }

  #numberOf(tree: Checksum): number {
    const known = this.#numbers.get(tree);
    if (known !== undefined) return known;
    const number = this.#checksums.push(tree) - 1;
    this.#numbers.set(tree, number);
    return number;
  }

  #count(root: number): number {
    const path = [{ tree: root, next: 0 }];
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const children = this.#childrenOf(last.tree);
      this.#levels[last.tree] ??= 0;
      const child = children[last.next];
      last.next += 1;
      if (child !== undefined && this.#levels[child] === undefined) path.push({ tree: child, next: 0 });
      if (child !== undefined) continue;
      const below = children.length === 0 ? 0 : (this.#levels[this.#deepestChild(last.tree)] ?? 0);
      this.#levels[last.tree] = below + 1;
      path.pop();
    }
    return this.#levels[root] as number;
  }

  #childrenOf(tree: number): Uint32Array {
    return this.#children[tree] ?? NO_CHILDREN;
  }

  #deepestChild(tree: number): number {
    const deeper = (a: number, b: number) => ((this.#levels[b] ?? 0) > (this.#levels[a] ?? 0) ? b : a);
    return this.#childrenOf(tree).reduce(deeper);
  }
}

const NO_CHILDREN = new Uint32Array(0);
