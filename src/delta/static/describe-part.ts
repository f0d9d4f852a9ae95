/** Counts what is in a part: its operations, as `ostree static-delta show` does, and its objects by kind. */
import { S_IFMT } from '../../ostree/dirmeta.ts';
import { S_IFLNK } from '../../ostree/file-header.ts';
import type { ObjectName } from '../../ostree/object-name.ts';
import { type DeltaOperation, decodeOperations } from './operations.ts';
import type { PartPayload } from './part-payload.ts';

/**
 * `literal`: files that are in the delta as a whole. `copied`: files that ranges of old files make, with
 * bytes of the delta in between. `patched`: files made by a binary patch.
 */
export type ObjectKind = 'metadata' | 'literal' | 'copied' | 'patched' | 'symlink';

export type KindTotal = {
  readonly objects: number;
  /** Bytes of the objects made. */
  readonly size: number;
  /** Bytes of the blob that they are made from, before compression. */
  readonly stored: number;
};

export type PartContents = {
  /** Numbers of entries in the tables, and bytes of blob and operations. */
  readonly sizes: Readonly<Record<'modes' | 'xattrs' | 'blob' | 'operations', number>>;
  readonly operations: Readonly<Record<DeltaOperation['kind'], number>>;
  readonly kinds: Readonly<Record<ObjectKind, KindTotal>>;
};

const NOTHING: KindTotal = { objects: 0, size: 0, stored: 0 };

/** ERR_DELTA_CORRUPT if the operations cannot be decoded; does not verify them otherwise. */
export function describePart(objects: readonly ObjectName[], payload: PartPayload): PartContents {
  const counter = new Counter(payload);
  for (const operation of decodeOperations(payload.operations, objects)) counter.add(operation);
  return counter;
}

export function addTotals(a: KindTotal, b: KindTotal): KindTotal {
  return { objects: a.objects + b.objects, size: a.size + b.size, stored: a.stored + b.stored };
}

class Counter implements PartContents {
  readonly sizes: PartContents['sizes'];
  readonly operations: Record<DeltaOperation['kind'], number> = {
    'splice-metadata': 0,
    'splice-file': 0,
    open: 0,
    write: 0,
    'set-source': 0,
    'unset-source': 0,
    bspatch: 0,
    close: 0,
  };
  readonly kinds: Record<ObjectKind, KindTotal> = {
    metadata: NOTHING,
    literal: NOTHING,
    copied: NOTHING,
    patched: NOTHING,
    symlink: NOTHING,
  };
  readonly #modes: PartPayload['modes'];
  /** Of the open file. */
  #kind: ObjectKind = 'literal';
  #size = 0;
  #stored = 0;
  #hasSource = false;

  constructor(payload: PartPayload) {
    const { modes, xattrs, blob, operations } = payload;
    this.sizes = {
      modes: modes.length,
      xattrs: xattrs.length,
      blob: blob.length,
      operations: operations.length,
    };
    this.#modes = modes;
  }

  add(operation: DeltaOperation): void {
    this.operations[operation.kind] += 1;
    switch (operation.kind) {
      case 'splice-metadata':
        this.#count('metadata', operation.length, operation.length);
        break;
      case 'splice-file':
        this.#count(
          this.#isSymlink(operation.mode) ? 'symlink' : 'literal',
          operation.length,
          operation.length,
        );
        break;
      case 'open':
        this.#kind = 'literal';
        this.#size = operation.size;
        this.#stored = 0;
        break;
      case 'write':
        if (this.#hasSource) this.#kind = 'copied';
        else this.#stored += operation.length;
        break;
      case 'bspatch':
        this.#kind = 'patched';
        this.#stored += operation.length;
        break;
      case 'close':
        this.#count(this.#kind, this.#size, this.#stored);
        this.#hasSource = false;
        break;
      case 'set-source':
      case 'unset-source':
        this.#hasSource = operation.kind === 'set-source';
        break;
    }
  }

  #isSymlink(mode: number): boolean {
    return ((this.#modes[mode]?.mode ?? 0) & S_IFMT) === S_IFLNK;
  }

  #count(kind: ObjectKind, size: number, stored: number): void {
    this.kinds[kind] = addTotals(this.kinds[kind], { objects: 1, size, stored });
  }
}
