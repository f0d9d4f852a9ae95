/**
 * The summary of a published repo. The publisher's own summary is copied with its signature if every ref that
 * it lists is published with the same commit. Otherwise it would send clients to missing commits, so a new,
 * unsigned one is made. flatpak's indexes are copied separately (flatpak-files.ts), or made
 * (ostree/flatpak/made-index.ts): then the summary is of the same refs. None is made beside a publisher's
 * signed summary, because clients of flatpak would prefer it, and miss the publisher's signature.
 *
 * Published refs that the summary does not list are no reason to drop a signature: flatpak's summary does not
 * list the branches of subsets, which are in its index. A complete summary is generated only if no signature
 * would be lost.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { isTreeportError, messageOf, type Warn } from '../base/errors.ts';
import { FLATPAK_INDEX } from '../ostree/flatpak/index-file.ts';
import { indexedRefs, makeFlatpakIndex, needsIndex, type ReadFile } from '../ostree/flatpak/made-index.ts';
import { withFlatpakEntries } from '../ostree/flatpak/ref-entries.ts';
import { appstreamSubset } from '../ostree/flatpak/ref-parts.ts';
import { type Keyfile, parseKeyfile } from '../ostree/keyfile.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { listOfferedRefs, type OfferedRef } from '../ostree/offered-refs.ts';
import type { Refs } from '../ostree/refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import {
  parseCollectionMap,
  parseSummary,
  type Summary,
  type SummaryRef,
  serializeSummary,
} from '../ostree/summary.ts';
import { buildSummary, withArchiveMode } from '../ostree/summary-build.ts';
import { readIfThere } from './copy-file.ts';
import { carryFlatpakFiles, carryFlatpakIndex } from './flatpak-files.ts';

export type SummaryContext = {
  /** The published repo, with its deltas; its refs need not be there. */
  readonly path: string;
  /** Its local refs. */
  readonly heads: Refs;
  /** Its refs of collections. */
  readonly mirrors: ReadonlyMap<string, Refs>;
  readonly config: string;
  readonly objects: ObjectSource;
  readonly origin: Repository | undefined;
  /** Of an earlier mirror: what its index says of refs that are the same need not be counted again. */
  readonly former?: ReadFile | undefined;
  readonly warn: Warn;
};

export async function writeSummary(context: SummaryContext): Promise<void> {
  const { path, heads, mirrors, config, objects, origin, former, warn } = context;
  const known = { heads, mirrors };
  const keyfile = parseKeyfile(config) as Keyfile;
  const published: Repository = {
    path,
    mode: 'archive',
    config: keyfile,
    objects,
    parent: undefined,
    metadataFrom: [],
    ready: undefined,
  };
  if (origin !== undefined) {
    const indexed = await carryFlatpakIndex(origin, path, heads, warn);
    await carryFlatpakFiles(origin, path);
    if (await carryOver(origin, published, { ...known, indexed, warn })) return;
    if (indexed !== undefined) return writeBuilt(path, await buildSummary(published, known));
  }
  const refs = await flatpakRefs(published, heads, { origin, former });
  if (!needsIndex(refs)) return writeBuilt(path, await buildSummary(published, known));
  // As flatpak: clients that read it know no subsets.
  const ofSummary = refs.filter(({ name }) => appstreamSubset(name) === undefined);
  const summary = await buildSummary(published, { ...known, refs: ofSummary });
  const publishers = (file: string) => (origin === undefined ? undefined : readIfThere(origin.path, file));
  const { index, files } = makeFlatpakIndex({
    ...{ refs, metadata: summary.metadata },
    ...{ former: publishers, formerOf: 'publisher' },
  });
  for (const [file, bytes] of [...files, [FLATPAK_INDEX, index] as const])
    await writeFileAtomic(join(path, file), bytes);
  await writeBuilt(path, summary);
}

function writeBuilt(path: string, summary: Summary): Promise<void> {
  return writeFileAtomic(join(path, 'summary'), serializeSummary(summary));
}

async function flatpakRefs(
  published: Repository,
  heads: Refs,
  { origin, former }: Pick<SummaryContext, 'origin' | 'former'>,
): Promise<readonly OfferedRef[]> {
  const readers = [former, origin && ((file: string) => readIfThere(origin.path, file))];
  return withFlatpakEntries(await listOfferedRefs(published, { heads }), {
    objects: published.objects,
    archive: origin?.mode === 'archive' ? origin.path : undefined,
    indexed: readers.flatMap((read) => (read === undefined ? [] : indexedRefs(read))),
  });
}

type CarryContext = Pick<SummaryContext, 'heads' | 'mirrors'> & {
  /** The names in flatpak's index, if it was copied. */
  readonly indexed: ReadonlySet<string> | undefined;
  readonly warn: Warn;
};

async function carryOver(
  origin: Repository,
  published: Repository,
  { heads, mirrors, indexed, warn }: CarryContext,
): Promise<boolean> {
  const bytes = readIfThere(origin.path, 'summary');
  if (bytes === undefined) return false;
  const signature = readIfThere(origin.path, 'summary.sig');
  const summary = fittingSummary(bytes, heads, mirrors);
  if (typeof summary === 'string') {
    if (signature !== undefined) {
      warn(
        `the signed summary of ${origin.path} is not published, because ${summary}; this mirror's summary does not have its signature`,
      );
    }
    return false;
  }
  const unlisted = namesNotIn(heads, new Set([...summary.refs.map(({ name }) => name), ...(indexed ?? [])]));
  if (unlisted.length > 0) {
    if (signature === undefined && indexed === undefined) return false;
    warn(
      `the summary of ${origin.path} is published although it does not list ${unlisted.join(', ')}: clients that read it do not find ${unlisted.length === 1 ? 'this ref' : 'these refs'}`,
    );
  }
  if (signature === undefined) {
    await writeFileAtomic(join(published.path, 'summary'), serializeSummary(withArchiveMode(summary)));
  } else {
    await writeFileAtomic(join(published.path, 'summary'), bytes);
    await writeFileAtomic(join(published.path, 'summary.sig'), signature);
  }
  return true;
}

/** The summary, or the reason why it does not describe the published refs. */
function fittingSummary(bytes: Buffer, heads: Refs, mirrors: SummaryContext['mirrors']): Summary | string {
  let summary: Summary;
  try {
    summary = parseSummary(bytes);
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    return `it cannot be read (${messageOf(error)})`;
  }
  const collections = [...parseCollectionMap(summary.metadata)];
  const others = collections.flatMap(([id, refs]) => unpublished(refs, mirrors.get(id) ?? new Map()));
  const [missing] = [...unpublished(summary.refs, heads), ...others];
  if (missing === undefined) return summary;
  return `it lists ${missing.name} as commit ${missing.commit}, which is not published`;
}

function unpublished(refs: readonly SummaryRef[], published: Refs): readonly SummaryRef[] {
  return refs.filter(({ name, commit }) => published.get(name) !== commit);
}

function namesNotIn(heads: Refs, known: ReadonlySet<string>): readonly string[] {
  return [...heads.keys()].filter((name) => !known.has(name));
}
