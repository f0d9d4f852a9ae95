/**
 * The repository's summary and deltas as they are now. A `summary` file is the publisher's word and goes out
 * as it is if it is signed; unsigned, it is made to say that the repository is an archive. Without one the
 * summary is generated.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { messageOf } from '../base/errors.ts';
import { isFileBeneath, openBeneath, readAndClose } from '../base/open-beneath.ts';
import { swap64 } from '../ostree/byte-order.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { type Delta, listDeltas, serializeDeltaIndex } from '../ostree/delta-list.ts';
import { type DeltaName, deltaKey } from '../ostree/delta-name.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { MAX_METADATA_BYTES } from '../ostree/size-limits.ts';
import { parseSummary, type Summary, serializeSummary } from '../ostree/summary.ts';
import { buildSummary, withArchiveMode } from '../ostree/summary-build.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Derived, type Fingerprint, Live } from './live.ts';
import { honestDate } from './plain-file.ts';

export type SummaryDocument = {
  readonly bytes: Buffer;
  /** SHA-256 of the bytes. */
  readonly checksum: Checksum;
  /** Milliseconds since 1970. */
  readonly lastModified: number | undefined;
  /** Undefined if a file of the publisher cannot be parsed; it is sent all the same. */
  readonly summary: Summary | undefined;
  readonly isSigned: boolean;
};

export type LiveRepository = {
  summary(): Promise<SummaryDocument>;
  /** The generated index of the deltas to a commit; undefined if there are none. */
  deltaIndex(to: Checksum): Promise<Buffer | undefined>;
};

export function createLiveRepository(repo: Repository, logger: Logger): LiveRepository {
  const at = (name: string) => join(repo.path, name);
  const onSkipped = (name: DeltaName, error: Error) =>
    logger.warn(`delta ${deltaKey(name)} is not offered: ${messageOf(error)}`);
  const deltas = new Live<readonly Delta[]>(
    () => fingerprintOf([at('deltas')]),
    async () => ({ value: await listDeltas(repo.path, { onSkipped }), settled: true }),
  );
  const generated = new Live<SummaryDocument>(
    () => fingerprintOf([at('refs/heads'), at('refs/mirrors'), at('deltas')]),
    (print) => generate(repo, deltas, print, logger),
  );
  const published = new Live<SummaryDocument | undefined>(
    () => fingerprintOf([at('summary'), at('summary.sig')]),
    async () => ({ value: await readPublished(repo.path), settled: true }),
  );
  return {
    summary: async () => (await published.get()) ?? generated.get(),
    async deltaIndex(to) {
      const found = (await deltas.get()).filter(({ name }) => name.to === to);
      return found.length === 0 ? undefined : serializeDeltaIndex(found);
    },
  };
}

async function generate(
  repo: Repository,
  deltas: Live<readonly Delta[]>,
  { newest }: Fingerprint,
  logger: Logger,
): Promise<Derived<SummaryDocument>> {
  const skipped = new Set<string>();
  const summary = await buildSummary(repo, {
    deltas: await deltas.get(),
    onSkipped: (ref, commit, error) => {
      skipped.add(ref);
      logger.warn(
        { ref, object: `${commit}.commit` },
        `ref ${ref} is left out of the summary: ${messageOf(error)}`,
      );
    },
  });
  const newestCommit = 1000 * modifiedSeconds(summary);
  const lastModified = honestDate(Math.max(newest, newestCommit));
  const value = document(serializeSummary(summary), summary, lastModified, false);
  // A commit that is missing now may arrive without any change to the refs.
  return { value, settled: skipped.size === 0 };
}

/** Publishers may keep both as links to files of the repository. */
const LINKED = { links: 'inside' } as const;

async function readPublished(repoPath: string): Promise<SummaryDocument | undefined> {
  const file = openBeneath(repoPath, 'summary', LINKED);
  if (file === undefined) return undefined;
  const bytes = readAndClose(file, join(repoPath, 'summary'), MAX_METADATA_BYTES);
  const lastModified = honestDate(file.stats.mtimeMs);
  const summary = parsedOrNot(bytes);
  const isSigned = isFileBeneath(repoPath, 'summary.sig', LINKED);
  const isVerbatim = isSigned || summary === undefined || withArchiveMode(summary) === summary;
  if (isVerbatim) return document(bytes, summary, lastModified, isSigned);
  const rewritten = withArchiveMode(summary);
  return document(serializeSummary(rewritten), rewritten, lastModified, false);
}

function parsedOrNot(bytes: Buffer): Summary | undefined {
  try {
    return parseSummary(bytes);
  } catch {
    return undefined;
  }
}

function document(
  bytes: Buffer,
  summary: Summary | undefined,
  lastModified: number | undefined,
  isSigned: boolean,
): SummaryDocument {
  return { bytes, checksum: hash('sha256', bytes), lastModified, summary, isSigned };
}

function modifiedSeconds(summary: Summary): number {
  const found = summary.metadata.get('ostree.summary.last-modified');
  return found?.type === 't' ? Number(swap64(found.value as bigint)) : 0;
}
