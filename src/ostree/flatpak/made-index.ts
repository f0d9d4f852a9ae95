/**
 * Makes flatpak's index: of a published repo whose publisher's index lists other refs, or that has none, and
 * of a repository whose refs have changed. The sub-summaries are those that `flatpak build-update-repo` would
 * write for the refs, byte for byte. Deltas lead to them from the former sub-summaries: those of the
 * repository itself as they are, those of a mirror's publisher cut down to the published refs, because that
 * is what clients of an earlier mirror of the same refs have.
 */
import { gzipSync } from 'node:zlib';
import { isTreeportError } from '../../base/errors.ts';
import { type Checksum, checksumOf } from '../checksum.ts';
import type { MetadataDict } from '../metadata-dict.ts';
import { parseSummary, type SummaryRef } from '../summary.ts';
import {
  FLATPAK_INDEX,
  type FlatpakSubSummary,
  parseFlatpakIndex,
  serializeFlatpakIndex,
  subSummaryDeltaPath,
  subSummaryPath,
  unzipSubSummary,
} from './index-file.ts';
import { parseFlatpakRef } from './ref-parts.ts';
import { buildSubSummaries, type SubSummaryRef, serializeSubSummary } from './sub-summary.ts';
import { summaryDiff } from './summary-diff.ts';

/** Reads a file of a repository; undefined if it is not there. */
export type ReadFile = (path: string) => Buffer | undefined;

export type MadeIndexOptions = {
  readonly refs: readonly SubSummaryRef[];
  /** The metadata of the summary. */
  readonly metadata: MetadataDict;
  /** Reads the former index and its sub-summaries. */
  readonly former: ReadFile;
  /** Whose index the former is. */
  readonly formerOf: 'repository' | 'publisher';
};

export type MadeIndex = {
  readonly index: Buffer;
  readonly subs: readonly FlatpakSubSummary[];
  /** Sub-summaries, and deltas to them: to be written before the index. By path in the repository. */
  readonly files: ReadonlyMap<string, Buffer>;
};

/** flatpak's default. */
const HISTORY_LENGTH = 16;
/** Keys of the summary that an index does not have. */
const OF_SUMMARY_ALONE = /^(?:ostree\.static-deltas|ostree\.summary\.collection-map|xa\.(?:sparse-)?cache)$/;

/** True if the refs have an app or a runtime, so that clients ask for an index. */
export function needsIndex(refs: readonly SubSummaryRef[]): boolean {
  return refs.some(({ name, flatpak }) => flatpak !== undefined && parseFlatpakRef(name) !== undefined);
}

export function makeFlatpakIndex({ refs, metadata, former, formerOf }: MadeIndexOptions): MadeIndex {
  const published = formerOf === 'publisher' ? new Set(refs.map(({ name }) => name)) : undefined;
  const subs: FlatpakSubSummary[] = [];
  const files = new Map<string, Buffer>();
  for (const [name, bytes] of buildSubSummaries(refs)) {
    const checksum = checksumOf(bytes);
    files.set(subSummaryPath(checksum), gzipSync(bytes));
    const history: Checksum[] = [];
    for (const [digest, before] of formerSubSummaries(former, name, published)) {
      if (digest === checksum || history.length === HISTORY_LENGTH) continue;
      history.push(digest);
      files.set(subSummaryDeltaPath(digest, checksum), summaryDiff(before, bytes));
    }
    subs.push({ name, checksum, history });
  }
  const ofIndex = new Map([...metadata].filter(([key]) => !OF_SUMMARY_ALONE.test(key)));
  return { index: serializeFlatpakIndex(subs, ofIndex), subs, files };
}

/** The refs of all current sub-summaries of a repository; none if its index cannot be read. */
export function indexedRefs(read: ReadFile): readonly SummaryRef[] {
  return readableSubs(read).flatMap((sub) => {
    const bytes = readableSubSummary(read, sub);
    return bytes === undefined ? [] : parseSummary(bytes).refs;
  });
}

/** The sub-summaries in a repository's index; none if it cannot be read. */
export function readableSubs(read: ReadFile): readonly FlatpakSubSummary[] {
  return (
    unlessDamaged(() => {
      const index = read(FLATPAK_INDEX);
      return index === undefined ? [] : parseFlatpakIndex(index);
    }) ?? []
  );
}

/** The former sub-summaries of this name, the latest first, by their checksums. */
function formerSubSummaries(
  read: ReadFile,
  name: string,
  published: ReadonlySet<string> | undefined,
): ReadonlyMap<Checksum, Buffer> {
  const former = new Map<Checksum, Buffer>();
  const sub = readableSubs(read).find((other) => other.name === name);
  for (const checksum of sub === undefined ? [] : [sub.checksum, ...sub.history]) {
    const whole = readableSubSummary(read, { name, checksum });
    if (whole === undefined) continue;
    const bytes = published === undefined ? whole : cutDown(whole, published);
    former.set(checksumOf(bytes), bytes);
  }
  return former;
}

function cutDown(bytes: Buffer, published: ReadonlySet<string>): Buffer {
  return serializeSubSummary(parseSummary(bytes).refs.filter(({ name }) => published.has(name)));
}

/** Undefined if it is gone or damaged: then it is no predecessor. */
function readableSubSummary(
  read: ReadFile,
  sub: Pick<FlatpakSubSummary, 'name' | 'checksum'>,
): Buffer | undefined {
  return unlessDamaged(() => {
    const gzipped = read(subSummaryPath(sub.checksum));
    if (gzipped === undefined) return undefined;
    const bytes = unzipSubSummary(gzipped, sub);
    parseSummary(bytes);
    return bytes;
  });
}

function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isTreeportError(error)) return undefined;
    throw error;
  }
}
