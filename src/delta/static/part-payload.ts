/**
 * The payload of a part: what its file holds, decompressed.
 *
 *     (a(uuu) aa(ayay) ay ay) = modes · sets of extended attributes · blob · operations
 *
 * uid, gid and mode are big-endian. A set of attributes is a serialized `a(ayay)`, as in the object's header;
 * the empty set has no bytes. Operations (operations.ts) refer to modes and sets by index, and to
 * ranges of the blob.
 *
 * Parsing accepts normal form only. GLib does not check that: a payload that is cut off reads as an empty
 * one, and clients then make nothing without an error.
 * Source: libostree's ostree-repo-static-delta-private.h.
 */
import { chooseWidth, writeOffset } from '../../gvariant/framing.ts';
import { view } from '../../gvariant/index.ts';
import { XATTRS_TYPE } from '../../ostree/xattrs.ts';

export const PAYLOAD_TYPE: string = `(a(uuu)a${XATTRS_TYPE}ayay)`;

export type FileMode = {
  readonly uid: number;
  readonly gid: number;
  /** With the file type bits. */
  readonly mode: number;
};

export type PayloadTables = {
  readonly modes: readonly FileMode[];
  /** Serialized `a(ayay)`, see xattrs.ts. */
  readonly xattrs: readonly Uint8Array[];
};

export type PartPayload = PayloadTables & {
  readonly blob: Buffer;
  readonly operations: Buffer;
};

const MODE_BYTES = 12;

/** Parses a payload, which shares the memory of `bytes`; ERR_VARIANT. */
export function parsePayload(bytes: Uint8Array): PartPayload {
  const root = view(PAYLOAD_TYPE, bytes).check();
  return {
    modes: parseModes(root.child(0).bytes),
    xattrs: Array.from(root.child(1), (set) => set.bytes),
    blob: root.child(2).bytes,
    operations: root.child(3).bytes,
  };
}

export function serializePayload({ blob, operations, ...tables }: PartPayload): Buffer {
  const { head, tail } = framePayload(tables, blob.length, operations);
  return Buffer.concat([head, blob, tail]);
}

/** A payload without its blob, for writers that produce the blob in pieces: head, blob, tail. */
export type PayloadFrame = { readonly head: Buffer; readonly tail: Buffer };

/** `blobSize` in bytes. */
export function framePayload(tables: PayloadTables, blobSize: number, operations: Uint8Array): PayloadFrame {
  const modes = serializeModes(tables.modes);
  const xattrs = serializeSets(tables.xattrs);
  const ends = [modes.length];
  ends.push(modes.length + xattrs.length, modes.length + xattrs.length + blobSize);
  const bodySize = modes.length + xattrs.length + blobSize + operations.length;
  // A tuple's offsets are stored in reverse order.
  const offsets = serializeOffsets(ends.toReversed(), chooseWidth(bodySize, ends.length));
  return { head: Buffer.concat([modes, xattrs]), tail: Buffer.concat([operations, offsets]) };
}

function parseModes(bytes: Buffer): readonly FileMode[] {
  return Array.from({ length: bytes.length / MODE_BYTES }, (_, index) => {
    const at = index * MODE_BYTES;
    return {
      uid: bytes.readUInt32BE(at),
      gid: bytes.readUInt32BE(at + 4),
      mode: bytes.readUInt32BE(at + 8),
    };
  });
}

function serializeModes(modes: readonly FileMode[]): Buffer {
  const bytes = Buffer.alloc(modes.length * MODE_BYTES);
  for (const [index, { uid, gid, mode }] of modes.entries()) {
    bytes.writeUInt32BE(uid, index * MODE_BYTES);
    bytes.writeUInt32BE(gid, index * MODE_BYTES + 4);
    bytes.writeUInt32BE(mode, index * MODE_BYTES + 8);
  }
  return bytes;
}

/** An array of serialized arrays: nothing in it is aligned, so the sets go in verbatim. */
function serializeSets(sets: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(sets);
  const ends: number[] = [];
  for (const set of sets) ends.push((ends.at(-1) ?? 0) + set.length);
  return Buffer.concat([body, serializeOffsets(ends, chooseWidth(body.length, ends.length))]);
}

function serializeOffsets(ends: readonly number[], width: number): Buffer {
  const bytes = Buffer.alloc(ends.length * width);
  for (const [index, end] of ends.entries()) writeOffset(bytes, index * width, width, end);
  return bytes;
}
