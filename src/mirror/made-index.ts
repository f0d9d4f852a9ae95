/**
 * Makes flatpak's index of a published repo whose publisher's index lists other refs, or that has none. The
 * sub-summaries are those that `flatpak build-update-repo` would write for the published refs, byte for byte,
 * so a client that had the index of an earlier mirror of the same refs gets a delta: the history is made of
 * the publisher's earlier sub-summaries, cut down to the published refs.
 */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { isTreeportError } from '../base/errors.ts';
import { type Checksum, checksumOf } from '../ostree/checksum.ts';
import {
  FLATPAK_INDEX,
  type FlatpakSubSummary,
  parseFlatpakIndex,
  parseSubSummary,
  serializeFlatpakIndex,
  subSummaryDeltaPath,
  subSummaryPath,
} from '../ostree/flatpak/index-file.ts';
import { parseFlatpakRef } from '../ostree/flatpak/ref-parts.ts';
import { buildSubSummaries, type SubSummaryRef, serializeSubSummary } from '../ostree/flatpak/sub-summary.ts';
import { summaryDiff } from '../ostree/flatpak/summary-diff.ts';
import type { MetadataDict } from '../ostree/metadata-dict.ts';
import type { SummaryRef } from '../ostree/summary.ts';
import { readIfThere } from './copy-file.ts';

export type MadeIndexOptions = {
  /** The published repo's directory. */
  readonly path: string;
  readonly refs: readonly SubSummaryRef[];
  /** The metadata of the summary. */
  readonly metadata: MetadataDict;
  /** The publisher's repository directory. */
  readonly origin: string | undefined;
};

/** flatpak's default. */
const HISTORY_LENGTH = 16;
/** Keys of the summary that an index does not have. */
const OF_SUMMARY_ALONE = /^(?:ostree\.static-deltas|ostree\.summary\.collection-map|xa\.(?:sparse-)?cache)$/;

/** True if the refs have an app or a runtime, so that clients ask for an index. */
export function needsIndex(refs: readonly SubSummaryRef[]): boolean {
  return refs.some(({ name, flatpak }) => flatpak !== undefined && parseFlatpakRef(name) !== undefined);
}

/** Writes the sub-summaries, the deltas to them, and then the index. */
export async function makeFlatpakIndex({ path, refs, metadata, origin }: MadeIndexOptions): Promise<void> {
  const names = new Set(refs.map(({ name }) => name));
  const subs: FlatpakSubSummary[] = [];
  for (const [name, bytes] of buildSubSummaries(refs)) {
    const checksum = checksumOf(bytes);
    await writeFileAtomic(join(path, subSummaryPath(checksum)), gzipSync(bytes));
    const former = origin === undefined ? [] : formerSubSummaries(origin, name, names);
    const history: Checksum[] = [];
    for (const [digest, before] of former) {
      if (digest === checksum || history.length === HISTORY_LENGTH) continue;
      history.push(digest);
      await writeFileAtomic(join(path, subSummaryDeltaPath(digest, checksum)), summaryDiff(before, bytes));
    }
    subs.push({ name, checksum, history });
  }
  const ofIndex = new Map([...metadata].filter(([key]) => !OF_SUMMARY_ALONE.test(key)));
  await writeFileAtomic(join(path, FLATPAK_INDEX), serializeFlatpakIndex(subs, ofIndex));
}

/** Reads a file of a repository; undefined if it is not there. */
export type ReadFile = (path: string) => Buffer | undefined;

/** The refs of all current sub-summaries of a repository; none if its index cannot be read. */
export function indexedRefs(read: ReadFile): readonly SummaryRef[] {
  return publishersSubs(read).flatMap((sub) => refsOf(read, sub) ?? []);
}

/** The sub-summaries that mirrors of these refs had, the latest first, by their checksums. */
function formerSubSummaries(
  origin: string,
  name: string,
  published: ReadonlySet<string>,
): ReadonlyMap<Checksum, Buffer> {
  const former = new Map<Checksum, Buffer>();
  const read = (path: string) => readIfThere(origin, path);
  const sub = publishersSubs(read).find((other) => other.name === name);
  for (const checksum of sub === undefined ? [] : [sub.checksum, ...sub.history]) {
    const refs = refsOf(read, { name, checksum });
    if (refs === undefined) continue;
    const bytes = serializeSubSummary(refs.filter((ref) => published.has(ref.name)));
    former.set(checksumOf(bytes), bytes);
  }
  return former;
}

function publishersSubs(read: ReadFile): readonly FlatpakSubSummary[] {
  return (
    unlessDamaged(() => {
      const index = read(FLATPAK_INDEX);
      return index === undefined ? [] : parseFlatpakIndex(index);
    }) ?? []
  );
}

/** Undefined if it is gone or damaged: then it is no predecessor. */
function refsOf(
  read: ReadFile,
  sub: Pick<FlatpakSubSummary, 'name' | 'checksum'>,
): readonly SummaryRef[] | undefined {
  return unlessDamaged(() => {
    const gzipped = read(subSummaryPath(sub.checksum));
    return gzipped === undefined ? undefined : parseSubSummary(gzipped, sub);
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
