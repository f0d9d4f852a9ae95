/**
 * The list of a snapshot's objects: which layer of the image holds which. docs/formats/snapshot.md describes
 * the file. All numbers are big-endian.
 *
 *     0    16  magic "treeport objects"
 *     16    4  version, 1
 *     20    4  l, the number of layers
 *     24    8  n, the number of entries
 *     32 48 l  layers: SHA-256 of the blob (32), its size (8), number of its entries (4), kind (1), 0 (3)
 *     …  40 n  entries, layer by layer: id (32), type (1), 0 (1), length (6)
 */
import { toHex } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import { type Digest, digestHex } from '../../oci/model/descriptor.ts';
import { assumeChecksum, CHECKSUM_BYTES, type Checksum } from '../../ostree/checksum.ts';
import type { HashedMetadataType } from '../../ostree/object-name.ts';

export type ListedType = HashedMetadataType | 'file';

export type ListedObject = {
  readonly type: ListedType;
  readonly checksum: Checksum;
  /** Bytes of its file in a published repo; of an embedded content object, bytes of the file itself. */
  readonly length: number;
  /** In the layer, but not in the snapshot any more: a whiteout hides it. */
  readonly isDead: boolean;
};

export type ObjectLayer = {
  readonly digest: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  /** `os`: a layer of the encapsulated commit; `objects`: files of the published repo. */
  readonly kind: 'os' | 'objects';
  readonly objects: readonly ListedObject[];
};

const MAGIC = Buffer.from('treeport objects');
const VERSION = 1;
const HEADER_BYTES = 32;
const LAYER_BYTES = 48;
const ENTRY_BYTES = 40;
const TYPES: readonly ListedType[] = ['file', 'dirtree', 'dirmeta', 'commit'];
const KINDS: readonly ObjectLayer['kind'][] = ['os', 'objects'];
const DEAD = 0x80;

export function encodeObjectList(layers: readonly ObjectLayer[]): Buffer {
  const count = layers.reduce((sum, { objects }) => sum + objects.length, 0);
  const bytes = Buffer.alloc(HEADER_BYTES + LAYER_BYTES * layers.length + ENTRY_BYTES * count);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(VERSION, 16);
  bytes.writeUInt32BE(layers.length, 20);
  bytes.writeBigUInt64BE(BigInt(count), 24);
  const write = { at: HEADER_BYTES };
  for (const { digest, size, kind, objects } of layers) {
    bytes.write(digestHex(digest), write.at, 'hex');
    bytes.writeBigUInt64BE(BigInt(size), write.at + 32);
    bytes.writeUInt32BE(objects.length, write.at + 40);
    bytes[write.at + 44] = KINDS.indexOf(kind);
    write.at += LAYER_BYTES;
  }
  for (const { objects } of layers) {
    for (const { type, checksum, length, isDead } of objects) {
      bytes.write(checksum, write.at, 'hex');
      bytes[write.at + 32] = TYPES.indexOf(type) | (isDead ? DEAD : 0);
      bytes.writeUIntBE(length, write.at + 34, 6);
      write.at += ENTRY_BYTES;
    }
  }
  return bytes;
}

/** Parses the file; `where` names it in ERR_SNAPSHOT. */
export function decodeObjectList(bytes: Buffer, where: string): readonly ObjectLayer[] {
  const fault = (what: string) => objectListFault(where, what);
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw fault('it is no list of objects');
  const version = bytes.readUInt32BE(16);
  if (version !== VERSION) throw fault(`it has version ${version}; only ${VERSION} is known`);
  const layers = bytes.readUInt32BE(20);
  const count = Number(bytes.readBigUInt64BE(24));
  if (HEADER_BYTES + LAYER_BYTES * layers + ENTRY_BYTES * count !== bytes.length)
    throw fault(`${layers} layers and ${count} objects do not end with the file, at ${bytes.length}`);
  const read = { entry: HEADER_BYTES + LAYER_BYTES * layers };
  const decoded = Array.from({ length: layers }, (_, number): ObjectLayer => {
    const at = HEADER_BYTES + LAYER_BYTES * number;
    const kind = KINDS[bytes[at + 44] as number];
    const length = bytes.readUInt32BE(at + 40);
    const end = read.entry + ENTRY_BYTES * length;
    if (kind === undefined || end > bytes.length) throw fault(`its layer ${number} is malformed`);
    const objects = Array.from({ length }, (_, index) =>
      decodeEntry(bytes, read.entry + ENTRY_BYTES * index, where),
    );
    read.entry = end;
    const size = Number(bytes.readBigUInt64BE(at + 32));
    return { digest: `sha256:${toHex(bytes.subarray(at, at + 32))}`, size, kind, objects };
  });
  if (read.entry !== bytes.length) throw fault('it has objects of no layer');
  return decoded;
}

/** The list after layers were written anew with the same objects; `moved` has these by former digests. */
export function movedLayers(
  list: Buffer,
  moved: ReadonlyMap<Digest, Pick<ObjectLayer, 'digest' | 'size'>>,
): Buffer {
  const layers = decodeObjectList(list, 'the list of objects');
  return encodeObjectList(layers.map((layer) => ({ ...layer, ...locationOf(moved.get(layer.digest)) })));
}

function locationOf(layer: Pick<ObjectLayer, 'digest' | 'size'> | undefined) {
  return layer === undefined ? {} : { digest: layer.digest, size: layer.size };
}

function decodeEntry(bytes: Buffer, at: number, where: string): ListedObject {
  const code = bytes[at + 32] as number;
  const type = TYPES[code & ~DEAD];
  if (type === undefined) throw objectListFault(where, `it has an object of the unknown type ${code}`);
  return {
    type,
    checksum: assumeChecksum(bytes.toString('hex', at, at + CHECKSUM_BYTES)),
    length: bytes.readUIntBE(at + 34, 6),
    isDead: (code & DEAD) !== 0,
  };
}

export function isListedType(type: string): type is ListedType {
  return TYPES.some((listed) => listed === type);
}

function objectListFault(where: string, what: string): TreeportError {
  return new TreeportError('ERR_SNAPSHOT', `${where} is damaged: ${what}; make the snapshot again`);
}
