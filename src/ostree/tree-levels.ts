/**
 * Measures the depth of trees. Programs that unpack or walk a tree may recurse, libostree included, so
 * imports and fsck reject more than {@link MAX_TREE_LEVELS} levels.
 *
 * A dirtree that occurs at several paths is read once, and its first path need not be the deepest, so levels
 * are counted afterwards, bottom up, over the checksums alone.
 */
import type { TreeportError } from '../base/errors.ts';
import { PackedSet } from '../base/packed-set.ts';
import { CHECKSUM_BYTES, type Checksum, checksumFromBytes } from './checksum.ts';
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
  /** The dirtrees; their numbers are the indices of the fields below. */
  readonly #trees = new PackedSet(CHECKSUM_BYTES);
  readonly #key = Buffer.alloc(CHECKSUM_BYTES);
  readonly #children: Uint32Array[] = [];
  /** Levels of a tree, including itself; 0 while being counted. */
  readonly #levels: number[] = [];

  /** Records the subdirectories of a dirtree; call it before checking a tree that contains it. */
  add(tree: Checksum, children: Iterable<Checksum>): void {
    const numbers: number[] = [];
    for (const child of children) numbers.push(this.#numberOf(child));
    this.#children[this.#numberOf(tree)] = Uint32Array.from(numbers);
  }

  /** A dirtree below the last permitted level, if any. Dirtrees that were not added have no children. */
  tooDeep(root: Checksum): Checksum | undefined {
    let tree = this.#numberOf(root);
    if (this.#count(tree) <= MAX_TREE_LEVELS) return undefined;
    for (let level = 1; level <= MAX_TREE_LEVELS; level++) tree = this.#deepestChild(tree);
    return checksumFromBytes(this.#trees.at(tree), 'a tree');
  }

  #numberOf(tree: Checksum): number {
    this.#key.write(tree, 'hex');
    return this.#trees.add(this.#key);
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
