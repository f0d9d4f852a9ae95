/**
 * The superblock of a static delta: what the delta makes, from which commit, and in which parts.
 *
 *     (a{sv} t ay ay (a{sv}aya(say)sstayay) ay a(uayttay) a(yaytt))
 *     metadata · timestamp · from · to · commit · dependencies · parts · fallbacks
 *     part     = (u ay t t ay)  version, SHA-256 of the part file, its size, size of the objects, objects
 *     fallback = (y ay t t)     type, id, size of the `.filez`, size of the file
 *     object   = type byte · id (33 bytes)
 *
 * The timestamp is always big-endian. Version and sizes are in the byte order that the metadata key
 * `ostree.endianness` names. Parsing accepts normal form only, so `serializeSuperblock(parseSuperblock(b))`
 * gives `b` back; GLib reads a truncated list of parts as an empty one. A part's version is not checked here.
 * Source: libostree's ostree-repo-static-delta-private.h.
 */

import { type Value, type Variant, type View, variant, view, write } from '../../gvariant/index.ts';
import type { ByteOrder } from '../../gvariant/source.ts';
import { swap32, swap64 } from '../../ostree/byte-order.ts';
import { type Checksum, checksumFromBytes, checksumToBytes } from '../../ostree/checksum.ts';
import { COMMIT_TYPE } from '../../ostree/commit.ts';
import { type DeltaName, deltaDirectory } from '../../ostree/delta-name.ts';
import { dictFromView, dictToValue, type MetadataDict } from '../../ostree/metadata-dict.ts';
import type { ObjectName } from '../../ostree/object-name.ts';
import { deltaFault } from './delta-fault.ts';
import { parseListedObjects, serializeListedObjects } from './listed-objects.ts';

export const SUPERBLOCK_TYPE: string = `(a{sv}tayay${COMMIT_TYPE}aya(uayttay)a(yaytt))`;

export type Superblock = {
  /** With `ostree.endianness` (see {@link endiannessVariant}), inline parts and detached metadata. */
  readonly metadata: MetadataDict;
  /** Byte order of the versions and sizes of parts and fallbacks. */
  readonly order: ByteOrder;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Undefined for a delta from scratch. */
  readonly from: Checksum | undefined;
  readonly to: Checksum;
  /** The bytes of the target's commit object. Not verified against `to`. */
  readonly commit: Buffer;
  /** Pairs of commit ids, 64 bytes each. No generator writes them and no client reads them. */
  readonly dependencies: Buffer;
  readonly parts: readonly PartHeader[];
  readonly fallbacks: readonly Fallback[];
};

export type PartHeader = {
  /** 0; clients refuse others. */
  readonly version: number;
  /** SHA-256 of the part file, including its first byte. */
  readonly checksum: Checksum;
  /** Bytes of the part file. */
  readonly size: number;
  /** Sum of the sizes of the objects made; 0 for a symlink. Some generators announce more. */
  readonly usize: number;
  /** The objects made, in the order of the part's operations. */
  readonly objects: readonly ObjectName[];
};

/** An object that the client fetches as a loose file. */
export type Fallback = {
  readonly object: ObjectName;
  /** Bytes of the `.filez` file. */
  readonly size: number;
  /** Bytes of the file in it. */
  readonly usize: number;
};

export const ENDIANNESS_KEY = 'ostree.endianness';

/** The value of {@link ENDIANNESS_KEY}. */
export function endiannessVariant(order: ByteOrder): Variant {
  return variant('y', (order === 'little' ? 'l' : 'B').charCodeAt(0));
}

/** The metadata key of part `index` when it is inline; also its path below the repository when it is not. */
export function partPath(name: DeltaName, index: number): string {
  return `${deltaDirectory(name)}/${index}`;
}

/** The metadata key of the target's detached metadata, a `v(a{sv})`. */
export function detachedMetadataKey(name: DeltaName): string {
  return `${deltaDirectory(name)}/commitmeta`;
}

/** Parses a superblock, which shares the memory of `bytes`; ERR_VARIANT, ERR_DELTA_CORRUPT. */
export function parseSuperblock(bytes: Uint8Array): Superblock {
  const root = view(SUPERBLOCK_TYPE, bytes).check();
  const metadata = dictFromView(root.child(0));
  const [from, to] = [root.child(2).bytes, root.child(3).bytes];
  const order = namedOrder(metadata) ?? guessedOrder(root.child(6));
  return {
    metadata,
    order,
    timestamp: safe(swap64(root.child(1).value() as bigint)),
    from: from.length === 0 ? undefined : checksumFromBytes(from, 'a superblock'),
    to: checksumFromBytes(to, 'a superblock'),
    commit: root.child(4).bytes,
    dependencies: root.child(5).bytes,
    parts: Array.from(root.child(6), (part) => parsePart(part, order)),
    fallbacks: Array.from(root.child(7), (fallback) => parseFallback(fallback, order)),
  };
}

/** The superblock in normal form. Writes numbers in its `order`, and its metadata as it is. */
export function serializeSuperblock(superblock: Superblock): Buffer {
  const { order } = superblock;
  return write(SUPERBLOCK_TYPE, [
    dictToValue(superblock.metadata),
    swap64(BigInt(superblock.timestamp)),
    superblock.from === undefined ? Buffer.alloc(0) : checksumToBytes(superblock.from),
    checksumToBytes(superblock.to),
    view(COMMIT_TYPE, superblock.commit).value(),
    superblock.dependencies,
    superblock.parts.map((part) => partToValue(part, order)),
    superblock.fallbacks.map((fallback) => fallbackToValue(fallback, order)),
  ]);
}

function parsePart(part: View, order: ByteOrder): PartHeader {
  return {
    version: inOrder32(part.child(0).value() as number, order),
    checksum: checksumFromBytes(part.child(1).bytes, 'a part header'),
    size: sizeIn(part.child(2), order),
    usize: sizeIn(part.child(3), order),
    objects: parseListedObjects(part.child(4).bytes),
  };
}

function partToValue({ version, checksum, size, usize, objects }: PartHeader, order: ByteOrder): Value {
  return [
    inOrder32(version, order),
    checksumToBytes(checksum),
    inOrder64(BigInt(size), order),
    inOrder64(BigInt(usize), order),
    serializeListedObjects(objects),
  ];
}

function parseFallback(fallback: View, order: ByteOrder): Fallback {
  const [object] = parseListedObjects(Buffer.concat([fallback.child(0).bytes, fallback.child(1).bytes]));
  if (object === undefined) throw deltaFault('a fallback lacks its object');
  return { object, size: sizeIn(fallback.child(2), order), usize: sizeIn(fallback.child(3), order) };
}

function fallbackToValue({ object, size, usize }: Fallback, order: ByteOrder): Value {
  const listed = serializeListedObjects([object]);
  return [
    listed.readUInt8(0),
    listed.subarray(1),
    inOrder64(BigInt(size), order),
    inOrder64(BigInt(usize), order),
  ];
}

/** Clients read the numbers of a delta with an unknown letter in their own order; ours is little-endian. */
function namedOrder(metadata: MetadataDict): ByteOrder | undefined {
  const named = metadata.get(ENDIANNESS_KEY);
  if (named?.type !== 'y') return undefined;
  return named.value === 'B'.charCodeAt(0) ? 'big' : 'little';
}

/**
 * For deltas from before the key existed: the order in which the sizes are smaller. A size below 4 GiB is
 * above it when it is swapped. libostree's guess, that no part is 1.2 times as large as its objects, is wrong
 * for the small deltas of its own tests.
 */
function guessedOrder(parts: View): ByteOrder {
  let little = 0n;
  let big = 0n;
  for (const part of parts) {
    const size = part.child(2).value() as bigint;
    little += size;
    big += swap64(size);
  }
  return little <= big ? 'little' : 'big';
}

function sizeIn(number: View, order: ByteOrder): number {
  return safe(inOrder64(number.value() as bigint, order));
}

function inOrder32(value: number, order: ByteOrder): number {
  return order === 'little' ? value : swap32(value);
}

function inOrder64(value: bigint, order: ByteOrder): bigint {
  return order === 'little' ? value : swap64(value);
}

function safe(value: bigint): number {
  if (value <= Number.MAX_SAFE_INTEGER) return Number(value);
  throw deltaFault(`the superblock holds the number ${value}, which is out of range`);
}
