/**
 * Extended attributes as ostree stores them: a serialized `a(ayay)`, name (with its NUL) and value,
 * sorted by name. An empty set serializes to zero bytes.
 */
import { read, write } from '../gvariant/index.ts';

export type Xattr = {
  /** Without the NUL. Bytes, because the kernel does not promise UTF-8. */
  readonly name: Buffer;
  readonly value: Buffer;
};

export const XATTRS_TYPE = 'a(ayay)';
export const NO_XATTRS: Buffer = Buffer.alloc(0);

export function parseXattrs(bytes: Uint8Array): readonly Xattr[] {
  const pairs = read(XATTRS_TYPE, bytes) as readonly (readonly [Buffer, Buffer])[];
  return pairs.map(([name, value]) => ({ name: name.subarray(0, name.at(-1) === 0 ? -1 : undefined), value }));
}

/** Serializes the attributes, sorted by name as libostree does before it hashes them. */
export function serializeXattrs(xattrs: readonly Xattr[]): Buffer {
  const sorted = xattrs.toSorted((a, b) => Buffer.compare(a.name, b.name));
  const nul = Buffer.alloc(1);
  return write(
    XATTRS_TYPE,
    sorted.map(({ name, value }) => [Buffer.concat([name, nul]), value]),
  );
}
