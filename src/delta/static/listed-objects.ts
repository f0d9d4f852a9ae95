/** Lists of objects in superblocks: 33 bytes each, a type and an id. Source: libostree's ostree-core.h. */
import { CHECKSUM_BYTES, checksumFromBytes } from '../../ostree/checksum.ts';
import { formatObjectName, type ObjectName, type ObjectType } from '../../ostree/object-name.ts';
import { deltaFault } from './delta-fault.ts';

/** Bytes of an entry. */
export const LISTED_OBJECT_BYTES: number = 1 + CHECKSUM_BYTES;

/** By type byte, from 1. Deltas hold no other types. */
const TYPES: readonly ObjectType[] = ['file', 'dirtree', 'dirmeta', 'commit'];

/** The number that stands for the type in deltas; ERR_DELTA_CORRUPT for types that they cannot hold. */
export function objectTypeByte({ type, checksum }: ObjectName): number {
  const index = TYPES.indexOf(type);
  if (index < 0)
    throw deltaFault(`object ${formatObjectName({ type, checksum })} cannot be in a static delta`);
  return index + 1;
}

/** ERR_DELTA_CORRUPT if the bytes are not whole entries of known types. */
export function parseListedObjects(bytes: Buffer): readonly ObjectName[] {
  if (bytes.length % LISTED_OBJECT_BYTES !== 0)
    throw deltaFault(`a list of objects has ${bytes.length} bytes, not a multiple of ${LISTED_OBJECT_BYTES}`);
  return Array.from({ length: bytes.length / LISTED_OBJECT_BYTES }, (_, index) =>
    parseEntry(bytes.subarray(index * LISTED_OBJECT_BYTES, (index + 1) * LISTED_OBJECT_BYTES)),
  );
}

export function serializeListedObjects(objects: readonly ObjectName[]): Buffer {
  const bytes = Buffer.alloc(objects.length * LISTED_OBJECT_BYTES);
  for (const [index, object] of objects.entries()) {
    bytes[index * LISTED_OBJECT_BYTES] = objectTypeByte(object);
    bytes.write(object.checksum, index * LISTED_OBJECT_BYTES + 1, 'hex');
  }
  return bytes;
}

function parseEntry(entry: Buffer): ObjectName {
  const type = TYPES[entry.readUInt8(0) - 1];
  if (type === undefined) throw deltaFault(`a list of objects has an entry of type ${entry[0]}`);
  return { type, checksum: checksumFromBytes(entry.subarray(1), 'a list of objects') };
}
