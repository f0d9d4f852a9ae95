/**
 * Summaries: `(a(s(taya{sv}))a{sv})` = refs (name, (size of the commit object, commit, metadata)), sorted by
 * the bytes of the names, and metadata.
 *
 * Trap: the commit size is little-endian, unlike the other numbers here; clients use it as the hard limit
 * when they fetch the commit.
 */
import { compareBytes } from '../base/bytes.ts';
import { read, type Value, type Variant, variant, write } from '../gvariant/index.ts';
import { swap64 } from './byte-order.ts';
import { type Checksum, checksumFromBytes, checksumToBytes } from './checksum.ts';
import { dictFromValue, dictToValue, type MetadataDict } from './metadata-dict.ts';

export const SUMMARY_TYPE = '(a(s(taya{sv}))a{sv})';

export type SummaryRef = {
  readonly name: string;
  readonly commit: Checksum;
  /** Bytes of the commit object. */
  readonly commitSize: number;
  readonly metadata: MetadataDict;
};

export type Summary = {
  readonly refs: readonly SummaryRef[];
  readonly metadata: MetadataDict;
};

type RefTuple = readonly [string, readonly [bigint, Buffer, Value]];

export function parseSummary(bytes: Uint8Array): Summary {
  const [refs, metadata] = read(SUMMARY_TYPE, bytes) as readonly [readonly RefTuple[], Value];
  return { refs: refs.map(refFromTuple), metadata: dictFromValue(metadata) };
}

/** Serializes a summary, sorting the refs. */
export function serializeSummary(summary: Summary): Buffer {
  return write(SUMMARY_TYPE, [refsToValue(summary.refs), dictToValue(summary.metadata)]);
}

/** The refs array alone, as `ostree.summary.collection-map` holds one for each collection. */
export function refsToValue(refs: readonly SummaryRef[]): Value {
  const sorted = refs.toSorted((a, b) => compareBytes(a.name, b.name));
  return sorted.map(({ name, commit, commitSize, metadata }) => [
    name,
    [BigInt(commitSize), checksumToBytes(commit), dictToValue(metadata)],
  ]);
}

function refFromTuple([name, [commitSize, commit, metadata]]: RefTuple): SummaryRef {
  return {
    name,
    commit: checksumFromBytes(commit, 'the summary'),
    commitSize: Number(commitSize),
    metadata: dictFromValue(metadata),
  };
}

/** The refs of other collections, by collection id. */
export function parseCollectionMap(metadata: MetadataDict): ReadonlyMap<string, readonly SummaryRef[]> {
  const found = metadata.get('ostree.summary.collection-map');
  if (found?.type !== 'a{sa(s(taya{sv}))}') return new Map();
  const entries = found.value as readonly (readonly [string, readonly RefTuple[]])[];
  return new Map(entries.map(([id, refs]) => [id, refs.map(refFromTuple)]));
}

/** A big-endian 64-bit number as the summary's time stamps are stored. */
export function timestampVariant(seconds: number): Variant {
  return variant('t', swap64(BigInt(seconds)));
}
