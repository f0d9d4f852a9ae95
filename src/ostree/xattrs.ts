/**
 * Extended attributes as ostree stores them: a serialized `a(ayay)`, name (with its NUL) and value,
 * sorted by name. An empty set serializes to zero bytes.
 */
import { read, type Value, write } from '../gvariant/index.ts';

export type Xattr = {
  /** Without the NUL. Bytes, because the kernel does not require UTF-8. */
  readonly name: Buffer;
  readonly value: Buffer;
};

export const XATTRS_TYPE = 'a(ayay)';
export const NO_XATTRS: Buffer = Buffer.alloc(0);

export function parseXattrs(bytes: Uint8Array): readonly Xattr[] {
  return xattrsFromValue(read(XATTRS_TYPE, bytes));
}

/** Serializes the attributes, sorted by name as libostree does before it hashes them. */
export function serializeXattrs(xattrs: readonly Xattr[]): Buffer {
  return xattrs.length === 0 ? NO_XATTRS : write(XATTRS_TYPE, xattrsToValue(xattrs));
}

/** Attributes inside a larger variant. */
export function xattrsFromValue(value: Value): readonly Xattr[] {
  const pairs = value as readonly (readonly [Buffer, Buffer])[];
  return pairs.map(([name, value]) => ({ name: name.at(-1) === 0 ? name.subarray(0, -1) : name, value }));
}

/** The counterpart of {@link xattrsFromValue}, sorted by name. */
export function xattrsToValue(xattrs: readonly Xattr[]): Value {
  const sorted = xattrs.toSorted((a, b) => Buffer.compare(a.name, b.name));
  return sorted.map(({ name, value }) => [Buffer.concat([name, NUL]), value]);
}

const NUL = Buffer.alloc(1);
