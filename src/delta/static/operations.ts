/**
 * The operations of a part, which make its objects one after another: a byte that says which, and operands as
 * LEB128 varints.
 *
 *     S  metadata: length, offset; file: mode, xattrs, length, offset    make an object from a blob range
 *     o  mode, xattrs, size                                              open a regular file
 *     w  length, offset      append a range of the read source if one is set, else of the blob
 *     r  offset              the 32 bytes there in the blob name the file that becomes the read source
 *     R                      no read source any more
 *     B  offset, length      apply this range of the blob to the read source (bspatch); gives the whole file
 *     c                      close: checks the object's id, drops the read source
 *
 * Which form `S` has depends on the type of the object whose turn it is; `S` and `c` pass the turn on.
 * Source: libostree's ostree-repo-static-delta-processing.c.
 */
import type { ObjectName } from '../../ostree/object-name.ts';
import { deltaFault } from './delta-fault.ts';

/** Indexes are those of the payload's tables; offsets and lengths are in bytes. */
export type DeltaOperation =
  | { readonly kind: 'splice-metadata'; readonly length: number; readonly offset: number }
  | {
      readonly kind: 'splice-file';
      readonly mode: number;
      readonly xattrs: number;
      readonly length: number;
      readonly offset: number;
    }
  | { readonly kind: 'open'; readonly mode: number; readonly xattrs: number; readonly size: number }
  | { readonly kind: 'write'; readonly length: number; readonly offset: number }
  | { readonly kind: 'set-source'; readonly offset: number }
  | { readonly kind: 'unset-source' }
  | { readonly kind: 'bspatch'; readonly offset: number; readonly length: number }
  | { readonly kind: 'close' };

const SPLICE = 0x53;
const OPEN = 0x6f;
const WRITE = 0x77;
const SET_SOURCE = 0x72;
const UNSET_SOURCE = 0x52;
const BSPATCH = 0x42;
const CLOSE = 0x63;

/**
 * Decodes operations one after another. `objects` are those of the part's header. ERR_DELTA_CORRUPT for
 * unknown or truncated operations, and for those that make more objects than the header lists. Whether the
 * order makes sense and all objects are made is for the caller to check.
 */
export function* decodeOperations(
  bytes: Buffer,
  objects: readonly ObjectName[],
): Generator<DeltaOperation, void, void> {
  const reader = new OperationReader(bytes, objects);
  while (!reader.isDone) yield reader.next();
}

/** Encodes operations one after another into one buffer. */
export class OperationWriter {
  #bytes = Buffer.alloc(1024);
  #length = 0;

  add(operation: DeltaOperation): this {
    // An operation has at most four operands of ten bytes each.
    if (this.#length + 41 > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    switch (operation.kind) {
      case 'splice-metadata':
        return this.#put(SPLICE, operation.length, operation.offset);
      case 'splice-file':
        return this.#put(SPLICE, operation.mode, operation.xattrs, operation.length, operation.offset);
      case 'open':
        return this.#put(OPEN, operation.mode, operation.xattrs, operation.size);
      case 'write':
        return this.#put(WRITE, operation.length, operation.offset);
      case 'set-source':
        return this.#put(SET_SOURCE, operation.offset);
      case 'unset-source':
        return this.#put(UNSET_SOURCE);
      case 'bspatch':
        return this.#put(BSPATCH, operation.offset, operation.length);
      case 'close':
        return this.#put(CLOSE);
    }
  }

  /** A copy of what was added. */
  bytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  #put(code: number, ...operands: readonly number[]): this {
    this.#bytes[this.#length++] = code;
    for (const operand of operands) {
      let rest = operand;
      while (rest >= 0x80) {
        this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
      this.#bytes[this.#length++] = rest;
    }
    return this;
  }
}

class OperationReader {
  readonly #bytes: Buffer;
  readonly #objects: readonly ObjectName[];
  #position = 0;
  #made = 0;

  constructor(bytes: Buffer, objects: readonly ObjectName[]) {
    this.#bytes = bytes;
    this.#objects = objects;
  }

  get isDone(): boolean {
    return this.#position === this.#bytes.length;
  }

  next(): DeltaOperation {
    const at = this.#position;
    const code = this.#bytes[this.#position++];
    switch (code) {
      case SPLICE:
        return this.#splice(at);
      case OPEN:
        this.#listed(at);
        return { kind: 'open', mode: this.#varint(), xattrs: this.#varint(), size: this.#varint() };
      case WRITE:
        return { kind: 'write', length: this.#varint(), offset: this.#varint() };
      case SET_SOURCE:
        return { kind: 'set-source', offset: this.#varint() };
      case UNSET_SOURCE:
        return { kind: 'unset-source' };
      case BSPATCH:
        return { kind: 'bspatch', offset: this.#varint(), length: this.#varint() };
      case CLOSE:
        this.#listed(at);
        this.#made += 1;
        return { kind: 'close' };
      default:
        throw deltaFault(`byte ${at} of the operations is ${code}, which is no operation`);
    }
  }

  #splice(at: number): DeltaOperation {
    const { type } = this.#listed(at);
    this.#made += 1;
    if (type !== 'file') return { kind: 'splice-metadata', length: this.#varint(), offset: this.#varint() };
    return {
      kind: 'splice-file',
      mode: this.#varint(),
      xattrs: this.#varint(),
      length: this.#varint(),
      offset: this.#varint(),
    };
  }

  #listed(at: number): ObjectName {
    const object = this.#objects[this.#made];
    if (object === undefined)
      throw deltaFault(
        `the operation at byte ${at} makes an object after the last of the ${this.#objects.length} listed ones`,
      );
    return object;
  }

  #varint(): number {
    const start = this.#position;
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#position++];
      if (byte === undefined) throw deltaFault('the operations end inside an operand');
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || this.#position - start > 10)
        throw deltaFault(`the operand at byte ${start} of the operations is out of range`);
      if (byte < 0x80) return value;
    }
  }
}
