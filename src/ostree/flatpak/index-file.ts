/**
 * flatpak's index of summaries, `summary.idx` (flatpak 1.14, FLATPAK_SUMMARY_INDEX_GVARIANT_FORMAT): for each
 * architecture, and each subset of it, the SHA-256 of a sub-summary, those of its predecessors, and metadata.
 * A sub-summary is a summary of ostree's type, and lies gzipped at `summaries/<SHA-256>.gz`. From its
 * predecessor leads `summaries/<old>-<new>.delta`.
 */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { messageOf, TreeportError } from '../../base/errors.ts';
import { read, type Value, write } from '../../gvariant/index.ts';
import { type Checksum, checksumFromBytes, checksumToBytes } from '../checksum.ts';
import { MAX_METADATA_BYTES } from '../limits.ts';
import { dictToValue, type MetadataDict } from '../metadata-dict.ts';
import { parseSummary, type SummaryRef } from '../summary.ts';

export const FLATPAK_INDEX = 'summary.idx';
export const FLATPAK_SUB_SUMMARIES = 'summaries';

export type FlatpakSubSummary = {
  /** Architecture, or subset and architecture: `x86_64`, `free-x86_64`. */
  readonly name: string;
  /** SHA-256 of the sub-summary, uncompressed. */
  readonly checksum: Checksum;
  /** Predecessors that a delta leads from, the latest first. */
  readonly history: readonly Checksum[];
};

const INDEX_TYPE = '(a{s(ayaaya{sv})}a{sv})';

type Entry = readonly [string, readonly [Buffer, readonly Buffer[], Value]];

/** The sub-summaries in an index; ERR_VARIANT or ERR_OBJECT_CORRUPT if it is damaged. */
export function parseFlatpakIndex(bytes: Uint8Array): readonly FlatpakSubSummary[] {
  const [entries] = read(INDEX_TYPE, bytes) as readonly [readonly Entry[], Value];
  return entries.map(([name, [checksum, history]]) => {
    const parse = (sum: Buffer) => checksumFromBytes(sum, `the entry ${name} of ${FLATPAK_INDEX}`);
    return { name, checksum: parse(checksum), history: history.map(parse) };
  });
}

export function serializeFlatpakIndex(subs: readonly FlatpakSubSummary[], metadata: MetadataDict): Buffer {
  const entries = subs.map(({ name, checksum, history }) => [
    name,
    [checksumToBytes(checksum), history.map(checksumToBytes), []],
  ]);
  return write(INDEX_TYPE, [entries, dictToValue(metadata)]);
}

export function subSummaryPath(checksum: Checksum): string {
  return `${FLATPAK_SUB_SUMMARIES}/${checksum}.gz`;
}

export function subSummaryDeltaPath(from: Checksum, to: Checksum): string {
  return `${FLATPAK_SUB_SUMMARIES}/${from}-${to}.delta`;
}

/** Of the signatures of the index with this SHA-256; flatpak before 1.9.3 asks for `summary.idx.sig`. */
export function indexSignaturesPath(checksum: Checksum): string {
  return `${FLATPAK_SUB_SUMMARIES}/${checksum}.idx.sig`;
}

/**
 * Where clients look for the signatures of the index, depending on their age. Only the first place names the
 * index, so it is the one to read, and the last one to write.
 */
export function indexSignaturePlaces(checksum: Checksum): readonly [string, string] {
  return [indexSignaturesPath(checksum), `${FLATPAK_INDEX}.sig`];
}

/** The refs of a gzipped sub-summary; ERR_SUMMARY if its checksum does not match. */
export function parseSubSummary(
  gzipped: Uint8Array,
  sub: Pick<FlatpakSubSummary, 'name' | 'checksum'>,
): readonly SummaryRef[] {
  return parseSummary(unzipSubSummary(gzipped, sub)).refs;
}

/** The bytes of a gzipped sub-summary; ERR_SUMMARY if their checksum does not match. */
export function unzipSubSummary(
  gzipped: Uint8Array,
  { name, checksum }: Pick<FlatpakSubSummary, 'name' | 'checksum'>,
): Buffer {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(gzipped, { maxOutputLength: MAX_METADATA_BYTES });
  } catch (error) {
    const message = `the sub-summary ${name} does not decompress: ${messageOf(error)}`;
    throw new TreeportError('ERR_SUMMARY', message, { cause: error });
  }
  if (createHash('sha256').update(bytes).digest('hex') === checksum) return bytes;
  throw new TreeportError('ERR_SUMMARY', `the sub-summary ${name} does not match its checksum in the index`);
}
