/**
 * The repository's current refs, summary and deltas. A signed `summary` file is served unchanged; in an
 * unsigned one the mode is set to archive. Without a `summary` file the summary is generated.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { isFileBeneath, openBeneath, readAndClose } from '../../base/open-beneath.ts';
import { swap64 } from '../../ostree/byte-order.ts';
import { type Checksum, checksumOf } from '../../ostree/checksum.ts';
import { type Delta, listDeltas, serializeDeltaIndex } from '../../ostree/delta-list.ts';
import { type DeltaName, deltaKey } from '../../ostree/delta-name.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { type MetadataDict, parseDict } from '../../ostree/metadata-dict.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import type { Signer } from '../../ostree/sign/signer.ts';
import { parseSummary, type Summary, serializeSummary } from '../../ostree/summary.ts';
import { buildSummary, withArchiveMode } from '../../ostree/summary-build.ts';
import { honestDate } from '../http/plain-file.ts';
import { IndexSigner } from './index-signer.ts';
import { createLiveRefs, type LiveRefs } from './live-refs.ts';
import { type Derived, type Fingerprint, fingerprintOf, Live } from './live-value.ts';
import { refWarnings, WarningLog } from './ref-warnings.ts';
import { publishedSignatures, SummarySigner } from './summary-signer.ts';

const SUMMARY_SIGNATURES = 'summary.sig';

export type SummaryDocument = {
  readonly bytes: Buffer;
  /** SHA-256 of the bytes. */
  readonly checksum: Checksum;
  /** Milliseconds since 1970. */
  readonly lastModified: number | undefined;
  readonly summary: Summary;
  readonly isSigned: boolean;
};

export type LiveRepository = {
  /**
   * ERR_SUMMARY if the `summary` file is damaged, ERR_REFS_UNREADABLE if no ref leads to a readable commit.
   */
  summary(): Promise<SummaryDocument>;
  /** The commit offered under this name. */
  ref(name: string): Promise<Checksum | undefined>;
  /**
   * What the server itself gives at a path of signatures, of the summary or of flatpak's index; undefined if
   * it signs nothing there.
   */
  madeSignatures(path: string): Promise<Buffer | undefined>;
  /** All signatures of the summary, the server's and the publisher's. */
  signatures(): Promise<MetadataDict>;
  /** The generated index of the deltas to a commit; undefined if there are none. */
  deltaIndex(to: Checksum): Promise<Buffer | undefined>;
};

export function createLiveRepository(
  repo: Repository,
  logger: Logger,
  signers: readonly Signer[] = [],
): LiveRepository {
  const at = (name: string) => join(repo.path, name);
  const onSkipped = (name: DeltaName, error: Error) =>
    logger.warn(`delta ${deltaKey(name)} is not offered: ${messageOf(error)}`);
  const refs = createLiveRefs(repo, logger);
  const deltas = new Live<readonly Delta[]>(
    () => fingerprintOf([at('deltas')]),
    async () => ({ value: await listDeltas(repo.path, { onSkipped }), settled: true }),
  );
  const log = new WarningLog(logger);
  const generated = new Live<SummaryDocument>(
    () => fingerprintOf([at('config'), at('refs'), at('deltas')]),
    (print) => generate(repo, refs, deltas, print, log),
  );
  const published = new Live<SummaryDocument | undefined>(
    () => fingerprintOf([at('summary'), at('summary.sig')], { followLinks: true }),
    async () => ({ value: readPublished(repo.path), settled: true }),
  );
  const signer = signers.length === 0 ? undefined : new SummarySigner('summary', signers);
  const indexSigner = signers.length === 0 ? undefined : new IndexSigner(repo.path, signers);
  const summary = async () => (await published.get()) ?? generated.get();
  const publishers = ({ isSigned }: SummaryDocument) =>
    isSigned ? publishedSignatures(repo.path, SUMMARY_SIGNATURES) : new Map();
  const signed = async (current: SummaryDocument) =>
    signer?.signaturesOf({ ...current, published: () => publishers(current) });
  return {
    summary,
    madeSignatures: async (path) =>
      path === SUMMARY_SIGNATURES ? signed(await summary()) : indexSigner?.signaturesAt(path),
    async signatures() {
      const current = await summary();
      const made = await signed(current);
      return made === undefined ? publishers(current) : parseDict(made);
    },
    ref: (name) => refs.find(name),
    async deltaIndex(to) {
      const found = (await deltas.get()).filter(({ name }) => name.to === to);
      return found.length === 0 ? undefined : serializeDeltaIndex(found);
    },
  };
}

async function generate(
  repo: Repository,
  refs: LiveRefs,
  deltas: Live<readonly Delta[]>,
  { newest }: Fingerprint,
  log: WarningLog,
): Promise<Derived<SummaryDocument>> {
  const { offered, hasSkipped } = await refs.get();
  if (offered.size === 0 && hasSkipped) {
    const message = `none of the refs in ${repo.path} leads to a readable commit`;
    throw new TreeportError('ERR_REFS_UNREADABLE', message);
  }
  const { options, warnings, skipped } = refWarnings();
  const listed = { refs: [...offered.values()], deltas: await deltas.get() };
  const summary = await buildSummary(repo, { ...listed, ...options });
  log.set(warnings);
  const newestCommit = 1000 * modifiedSeconds(summary);
  const lastModified = honestDate(Math.max(newest, newestCommit));
  const value = document(serializeSummary(summary), summary, lastModified, false);
  // A missing commit may arrive without a change to the refs.
  return { value, settled: !hasSkipped && skipped.size === 0 };
}

/** Publishers may keep `summary` and `summary.sig` as links to files of the repository. */
const LINKED = { links: 'inside' } as const;

function readPublished(repoPath: string): SummaryDocument | undefined {
  const file = readSummaryFile(repoPath);
  if (file === undefined) return undefined;
  const { bytes, summary, modified } = file;
  const lastModified = honestDate(modified);
  const isSigned = isFileBeneath(repoPath, 'summary.sig', LINKED);
  const rewritten = isSigned ? summary : withArchiveMode(summary);
  if (rewritten === summary) return document(bytes, summary, lastModified, isSigned);
  return document(serializeSummary(rewritten), rewritten, lastModified, false);
}

type SummaryFile = { readonly bytes: Buffer; readonly summary: Summary; readonly modified: number };

/** Refuses a damaged file, because clients read an empty one as a summary without refs. */
function readSummaryFile(repoPath: string): SummaryFile | undefined {
  try {
    const file = openBeneath(repoPath, 'summary', LINKED);
    if (file === undefined) return undefined;
    const bytes = readAndClose(file, join(repoPath, 'summary'), MAX_METADATA_BYTES);
    return { bytes, summary: parseSummary(bytes), modified: file.stats.mtimeMs };
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    const message = `the summary of ${repoPath} is not served: ${messageOf(error)}`;
    throw new TreeportError('ERR_SUMMARY', message, { cause: error });
  }
}

function document(
  bytes: Buffer,
  summary: Summary,
  lastModified: number | undefined,
  isSigned: boolean,
): SummaryDocument {
  return { bytes, checksum: checksumOf(bytes), lastModified, summary, isSigned };
}

function modifiedSeconds(summary: Summary): number {
  const found = summary.metadata.get('ostree.summary.last-modified');
  return found?.type === 't' ? Number(swap64(found.value as bigint)) : 0;
}
