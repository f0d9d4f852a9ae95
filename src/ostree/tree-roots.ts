/** Lists of directories as pairs of checksums, packed, because untrusted dirtrees have a great many. */
import { PackedSet } from '../base/packed-set.ts';
import { CHECKSUM_BYTES, type Checksum, checksumFromBytes } from './checksum.ts';
import type { DirtreeReader } from './dirtree.ts';

/** A directory without its name. */
export type TreeRoot = { readonly tree: Checksum; readonly meta: Checksum };

const ROOT_BYTES = 2 * CHECKSUM_BYTES;

/** The distinct subdirectories, in the order of their last occurrences. */
export function distinctDirectories(entries: DirtreeReader): Iterable<TreeRoot> {
  const distinct = new PackedSet(ROOT_BYTES);
  const key = Buffer.alloc(ROOT_BYTES);
  for (let index = entries.directoryCount - 1; index >= 0; index--) {
    writeRoot(entries.directory(index), key, 0);
    distinct.add(key);
  }
  return {
    *[Symbol.iterator]() {
      for (let index = distinct.size - 1; index >= 0; index--) yield readRoot(distinct.at(index), 0);
    },
  };
}

/** The dirtrees of directories. */
export function* treesOf(roots: Iterable<TreeRoot>): Generator<Checksum> {
  for (const { tree } of roots) yield tree;
}

/** A stack. */
export class TreeRoots {
  #bytes = Buffer.alloc(16 * ROOT_BYTES);
  #length = 0;

  push(root: TreeRoot): void {
    if (this.#length === this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes], 2 * this.#bytes.length);
    writeRoot(root, this.#bytes, this.#length);
    this.#length += ROOT_BYTES;
  }

  pop(): TreeRoot | undefined {
    if (this.#length === 0) return undefined;
    this.#length -= ROOT_BYTES;
    return readRoot(this.#bytes, this.#length);
  }
}

function writeRoot({ tree, meta }: TreeRoot, bytes: Buffer, at: number): void {
  bytes.write(tree, at, CHECKSUM_BYTES, 'hex');
  bytes.write(meta, at + CHECKSUM_BYTES, CHECKSUM_BYTES, 'hex');
}

function readRoot(bytes: Buffer, at: number): TreeRoot {
  const checksumAt = (start: number) =>
    checksumFromBytes(bytes.subarray(start, start + CHECKSUM_BYTES), 'a directory');
  return { tree: checksumAt(at), meta: checksumAt(at + CHECKSUM_BYTES) };
}
