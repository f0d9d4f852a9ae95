/**
 * flatpak's sub-summaries: for each architecture, and each subset of it, a summary whose refs have what
 * flatpak clients read of a commit, so that they fetch no commit to list an app. As flatpak 1.14 writes them
 * (`generate_summary` in common/flatpak-utils.c), byte for byte:
 *
 * * a ref's keys are `xa.data` = `(tts)`: installed size, download size (big-endian), metadata file; those of
 *   `xa.sparse-cache`; and `ot.ts` = `t`, the time stamp (big-endian);
 * * the only key of a sub-summary is `xa.summary-version` = `u` 1;
 * * one of a subset lists the apps and runtimes in it, and of the appstream refs its own;
 * * refs without an architecture are in all of them.
 */
import { type Variant, variant } from '../../gvariant/index.ts';
import type { Checksum } from '../checksum.ts';
import type { MetadataDict } from '../metadata-dict.ts';
import { type SummaryRef, serializeSummary, timestampVariant } from '../summary.ts';
import type { FlatpakEntry } from './cache.ts';
import { appstreamSubset, architectureOf } from './ref-parts.ts';

export type SubSummaryRef = {
  readonly name: string;
  readonly commit: Checksum;
  /** Bytes of the commit object. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Of apps, runtimes and appstream refs. */
  readonly flatpak: FlatpakEntry | undefined;
};

const SUMMARY_VERSION = 1;
const DATA_KEY = 'xa.data';
const DATA_TYPE = '(tts)';
/** GLib writes these keys in the order of its hash table, which is this one, */
const KEY_ORDER = ['tokt', 'eolr', DATA_KEY, 'eds', 'ot.ts', 'eol'];
/** and this one if `eds` and `eol` are both there: then two more keys collide. */
const CROWDED_ORDER = ['tokt', 'ot.ts', 'eolr', DATA_KEY, 'eds', 'eol'];

/** The serialized sub-summaries by name, `ARCHITECTURE` or `SUBSET-ARCHITECTURE`, sorted by name. */
export function buildSubSummaries(refs: readonly SubSummaryRef[]): ReadonlyMap<string, Buffer> {
  const architectures = new Set(refs.flatMap(({ name }) => architectureOf(name) ?? []));
  const subsets = new Set(['', ...refs.flatMap(({ flatpak }) => flatpak?.subsets ?? [])]);
  const built = new Map<string, Buffer>();
  for (const architecture of architectures) {
    for (const subset of subsets) {
      const name = subset === '' ? architecture : `${subset}-${architecture}`;
      const members = refs.filter((ref) => isMember(ref, architecture, subset));
      built.set(name, serializeSubSummary(members.map(summaryRef)));
    }
  }
  return new Map([...built].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** The refs are sorted, and their keys put into flatpak's order. */
export function serializeSubSummary(refs: readonly SummaryRef[]): Buffer {
  const ordered = refs.map((ref) => ({ ...ref, metadata: inOrder(ref.metadata) }));
  const metadata: MetadataDict = new Map([['xa.summary-version', variant('u', SUMMARY_VERSION)]]);
  return serializeSummary({ refs: ordered, metadata });
}

/** What a sub-summary says of a ref; undefined if it says nothing that an index needs. */
export function entryOfSubSummary({ metadata }: SummaryRef): FlatpakEntry | undefined {
  const data = metadata.get(DATA_KEY);
  if (data?.type !== DATA_TYPE) return undefined;
  const [installedSize, downloadSize, file] = data.value as readonly [bigint, bigint, string];
  const sparse = [...metadata].filter(([key]) => key !== DATA_KEY && !/^(?:ot|ostree)\./.test(key));
  return { installedSize, downloadSize, metadata: file, sparse: new Map(sparse), subsets: [] };
}

function isMember({ name, flatpak }: SubSummaryRef, architecture: string, subset: string): boolean {
  if ((architectureOf(name) ?? architecture) !== architecture) return false;
  if (/^appstream2?\//.test(name)) {
    if (subset === '') return appstreamSubset(name) === undefined;
    return appstreamSubset(name) === subset;
  }
  return subset === '' || flatpak === undefined || flatpak.subsets.includes(subset);
}

function summaryRef({ name, commit, size, timestamp, flatpak }: SubSummaryRef): SummaryRef {
  const metadata = new Map<string, Variant>([['ot.ts', timestampVariant(timestamp)]]);
  if (flatpak !== undefined) {
    const { installedSize, downloadSize, metadata: file, sparse } = flatpak;
    metadata.set(DATA_KEY, variant(DATA_TYPE, [installedSize, downloadSize, file]));
    for (const [key, value] of sparse) metadata.set(key, value);
  }
  return { name, commit, commitSize: size, metadata };
}

function inOrder(metadata: MetadataDict): MetadataDict {
  const order = metadata.has('eds') && metadata.has('eol') ? CROWDED_ORDER : KEY_ORDER;
  const rank = (key: string) => (order.indexOf(key) + order.length) % order.length;
  return new Map([...metadata].toSorted(([one], [other]) => rank(one) - rank(other)));
}
