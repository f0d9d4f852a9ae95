/**
 * Summaries: `(a(s(taya{sv}))a{sv})` = refs (name, (size of the commit object, commit, metadata)), sorted by
 * the bytes of the names, and metadata.
 *
 * Trap: the commit size is little-endian, unlike the other numbers here. Clients use it as a hard limit when
 * they fetch the commit.
 */
import { compareBytes } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import { type Value, type Variant, type View, variant, view, write } from '../gvariant/index.ts';
import { swap64 } from './byte-order.ts';
import { type Checksum, checksumFromBytes, checksumToBytes } from './checksum.ts';
import { dictFromView, dictToValue, dictView, type MetadataDict } from './metadata-dict.ts';

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

/** Maximum number of refs; the largest flatpak repositories have a tenth. */
const MAX_REFS = 2 ** 17;
const REFS_TYPE = 'a(s(taya{sv}))';

export function parseSummary(bytes: Uint8Array): Summary {
  const summary = view(SUMMARY_TYPE, bytes).check();
  return { refs: refsFromView(summary.child(0)), metadata: dictFromView(summary.child(1)) };
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

function refsFromView(refs: View): readonly SummaryRef[] {
  checkCount(refs.length);
  return Array.from(refs, refFromView);
}

function checkCount(refs: number): void {
  if (refs <= MAX_REFS) return;
  throw new TreeportError('ERR_VARIANT', `a summary has ${refs} refs, more than ${MAX_REFS}`);
}

/**
 * Checks the metadata but decodes it on access, because that of a hundred thousand refs would take much
 * memory.
 */
function refFromView(ref: View): SummaryRef {
  const [name, target] = [ref.child(0), ref.child(1)];
  dictFromView(target.child(2));
  return {
    name: name.value() as string,
    commit: checksumFromBytes(target.child(1).bytes, 'the summary'),
    commitSize: Number(target.child(0).value()),
    get metadata() {
      return dictFromView(target.child(2));
    },
  };
}

/** The refs of other collections, by collection id. */
export function parseCollectionMap(metadata: MetadataDict): ReadonlyMap<string, readonly SummaryRef[]> {
  const map = dictView(metadata, 'ostree.summary.collection-map', `a{s${REFS_TYPE}}`);
  const collections = new Map<string, readonly SummaryRef[]>();
  const count = { refs: 0 };
  for (const entry of map ?? []) {
    const refs = entry.child(1);
    count.refs += refs.length;
    checkCount(count.refs);
    collections.set(entry.child(0).value() as string, refsFromView(refs));
  }
  return collections;
}

/** A big-endian 64-bit number as the summary's time stamps are stored. */
export function timestampVariant(seconds: number): Variant {
  return variant('t', swap64(BigInt(seconds)));
}
