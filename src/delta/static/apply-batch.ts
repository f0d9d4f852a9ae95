/**
 * Objects that a part makes, in batches that move between threads: descriptions, and one piece of memory with
 * the bytes of all, in their order. The memory is used again, except for objects that are larger than a
 * batch, which have memory of their own.
 */
import { asBuffer, copyPieces, freeNow } from '../../base/bytes.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { FileHeader } from '../../ostree/file-header.ts';
import type { HashedMetadataType } from '../../ostree/object-name.ts';
import { storedBytes } from '../../ostree/object-source.ts';
import type { MadeObject } from './apply-part.ts';

export const BATCH_BYTES: number = 1024 * 1024;

export type BatchMemory = Uint8Array<ArrayBuffer>;

/** An object without its bytes. */
type Described = { readonly checksum: Checksum; readonly size: number } & (
  | { readonly type: HashedMetadataType }
  | { readonly type: 'file'; readonly header: FileHeader }
);

export type MadeBatch = {
  readonly memory: BatchMemory;
  readonly objects: readonly Described[];
  /** The part makes no more. */
  readonly isLast: boolean;
};

/** Packs the objects of a part into batches. */
export class BatchPacker {
  readonly #objects: AsyncIterator<MadeObject>;
  /** Made, and not in a batch yet. */
  #ahead: MadeObject | undefined;

  constructor(objects: AsyncIterator<MadeObject>) {
    this.#objects = objects;
  }

  /** The next batch, in `memory` unless a single object is larger. */
  async next(memory: BatchMemory): Promise<MadeBatch> {
    const objects: Described[] = [];
    const filled = { bytes: 0 };
    for (;;) {
      const made = this.#ahead ?? (await this.#objects.next()).value;
      this.#ahead = undefined;
      if (made === undefined) return { memory, objects, isLast: true };
      const size = sizeOf(made);
      if (filled.bytes + size > memory.length) {
        this.#ahead = made;
        if (objects.length > 0) return { memory, objects, isLast: false };
        freeNow(memory);
        return this.next(new Uint8Array(size));
      }
      await copyBytes(made, memory.subarray(filled.bytes));
      filled.bytes += size;
      objects.push(describe(made, size));
    }
  }
}

/** The objects of a batch; they refer to its memory. */
export function* batchedObjects({ memory, objects }: MadeBatch): Generator<MadeObject> {
  const position = { at: 0 };
  for (const object of objects) {
    const { checksum, size } = object;
    const bytes = asBuffer(memory.subarray(position.at, position.at + size));
    position.at += size;
    if (object.type === 'file') yield { type: 'file', checksum, content: storedBytes(object.header, bytes) };
    else yield { type: object.type, checksum, bytes };
  }
}

function sizeOf(made: MadeObject): number {
  return made.type === 'file' ? made.content.size : made.bytes.length;
}

async function copyBytes(made: MadeObject, target: Uint8Array): Promise<void> {
  if (made.type === 'file') await copyPieces(made.content.stream(), target);
  else target.set(made.bytes);
}

function describe(made: MadeObject, size: number): Described {
  const { checksum } = made;
  if (made.type !== 'file') return { type: made.type, checksum, size };
  const { header } = made.content;
  // A view would take all of the payload with it to the other thread.
  return { type: 'file', checksum, size, header: { ...header, xattrs: new Uint8Array(header.xattrs) } };
}
