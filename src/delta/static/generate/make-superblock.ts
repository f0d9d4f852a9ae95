/** The superblock of a delta whose parts are made. */
import { variant } from '../../../gvariant/index.ts';
import type { ByteOrder } from '../../../gvariant/source.ts';
import { parseCommit } from '../../../ostree/commit.ts';
import { verifiedMetadata } from '../../../ostree/load.ts';
import {
  DICT_TYPE,
  dictToValue,
  type MetadataDict,
  parseDict,
  stringVariant,
} from '../../../ostree/metadata-dict.ts';
import type { ObjectSource } from '../../../ostree/object-source.ts';
import type { DeltaPlan } from '../plan/delta-plan.ts';
import {
  detachedMetadataKey,
  ENDIANNESS_KEY,
  endiannessVariant,
  partPath,
  type Superblock,
} from '../superblock.ts';
import type { BuiltPart } from './built-part.ts';

/** Names the compressor and how it was used, because the bytes of parts depend on both. */
export const GENERATOR_KEY = 'treeport.generator';

export type SuperblockOptions = {
  /** The value of {@link GENERATOR_KEY}. */
  readonly generator: string;
  readonly order?: ByteOrder;
  /** The bytes of all part files, if they are inline. */
  readonly inline?: readonly Buffer[];
};

/**
 * The timestamp is the commit's, so that the same delta has the same bytes. The detached metadata of the
 * commit is copied, because clients verify this copy only.
 */
export async function makeSuperblock(
  objects: ObjectSource,
  plan: DeltaPlan,
  parts: readonly BuiltPart[],
  { generator, order = 'little', inline = [] }: SuperblockOptions,
): Promise<Superblock> {
  const { from, to } = plan;
  const commit = await verifiedMetadata(objects, 'commit', to);
  const metadata: MetadataDict = new Map([
    [ENDIANNESS_KEY, endiannessVariant(order)],
    [GENERATOR_KEY, stringVariant(generator)],
    ...inline.map((bytes, index) => [partPath(plan, index), inlinePart(bytes)] as const),
    ...(await detachedMetadata(objects, plan)),
  ]);
  return {
    metadata,
    order,
    timestamp: parseCommit(commit).timestamp,
    from,
    to,
    commit,
    dependencies: Buffer.alloc(0),
    parts: plan.parts.map((part, index) => ({
      version: 0,
      ...(parts[index] as BuiltPart),
      objects: part.objects.map(({ type, checksum }) => ({ type, checksum })),
    })),
    fallbacks: plan.fallbacks.map(({ checksum, size, storedSize }) => ({
      object: { type: 'file', checksum },
      size: storedSize,
      usize: size,
    })),
  };
}

/** The first byte of a part file is apart from the rest. */
function inlinePart(bytes: Buffer) {
  return variant('(yay)', [bytes.readUInt8(0), bytes.subarray(1)]);
}

async function detachedMetadata(objects: ObjectSource, { from, to }: DeltaPlan): Promise<MetadataDict> {
  if (!(await objects.has({ type: 'commitmeta', checksum: to }))) return new Map();
  const dict = parseDict(await objects.metadata('commitmeta', to));
  return new Map([[detachedMetadataKey({ from, to }), variant(DICT_TYPE, dictToValue(dict))]]);
}
