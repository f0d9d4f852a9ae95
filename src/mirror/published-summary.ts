/**
 * The summary of a published repo. The publisher's own is carried over as it is, with its signature and
 * flatpak's indexes, if it describes just what is published: every ref with the same commit, and no other. A
 * summary that lists more would send clients to commits that are not here, so then an unsigned one is made.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { listBeneath, readBeneath } from '../base/open-beneath.ts';
import { type Keyfile, parseKeyfile } from '../ostree/keyfile.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { listHeads, listMirrorRefs, type Refs } from '../ostree/refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { MAX_METADATA_BYTES } from '../ostree/size-limits.ts';
import { parseCollectionMap, parseSummary, type SummaryRef, serializeSummary } from '../ostree/summary.ts';
import { buildSummary, withArchiveMode } from '../ostree/summary-build.ts';
import { copyFileIfThere } from './copy-file.ts';
import type { Warn } from './warn.ts';

/** What flatpak keeps beside the summary, made from it. */
const FLATPAK_INDEXES = ['summary.idx', 'summary.idx.sig'];
const SUB_SUMMARIES = 'summaries';

export type SummaryContext = {
  /** The published repo, with its refs and deltas. */
  readonly path: string;
  readonly config: string;
  readonly objects: ObjectSource;
  readonly origin: Repository | undefined;
  readonly warn: Warn;
};

export async function writeSummary({ path, config, objects, origin, warn }: SummaryContext): Promise<void> {
  const keyfile = parseKeyfile(config) as Keyfile;
  const published: Repository = { path, mode: 'archive', config: keyfile, objects, parent: undefined };
  if (origin !== undefined && (await carryOver(origin, published, warn))) return;
  const summary = await buildSummary(published);
  await writeFileAtomic(join(path, 'summary'), serializeSummary(summary));
}

async function carryOver(origin: Repository, published: Repository, warn: Warn): Promise<boolean> {
  const bytes = readIfThere(origin, 'summary');
  if (bytes === undefined) return false;
  const signature = readIfThere(origin, 'summary.sig');
  const misfit = await findMisfit(bytes, published);
  if (misfit !== undefined) {
    if (signature !== undefined) {
      warn(
        `the signed summary of ${origin.path} is not carried over, because ${misfit}; this mirror's summary has no signature`,
      );
    }
    return false;
  }
  if (signature === undefined) {
    const summary = withArchiveMode(parseSummary(bytes));
    await writeFileAtomic(join(published.path, 'summary'), serializeSummary(summary));
  } else {
    await writeFileAtomic(join(published.path, 'summary'), bytes);
    await writeFileAtomic(join(published.path, 'summary.sig'), signature);
  }
  await copyIndexes(origin.path, published.path);
  return true;
}

/** Why the summary does not describe the published refs; undefined if it does. */
async function findMisfit(bytes: Buffer, published: Repository): Promise<string | undefined> {
  let listed: ReturnType<typeof parseSummary>;
  try {
    listed = parseSummary(bytes);
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    return `it cannot be read (${messageOf(error)})`;
  }
  const heads = await listHeads(published);
  const mirrors = await listMirrorRefs(published);
  const collections = [...parseCollectionMap(listed.metadata)];
  const others = collections.flatMap(([id, refs]) => unpublished(refs, mirrors.get(id) ?? new Map()));
  const [missing] = [...unpublished(listed.refs, heads), ...others];
  if (missing !== undefined)
    return `it lists ${missing.name} as commit ${missing.commit}, which is not published`;
  const known = new Set(listed.refs.map(({ name }) => name));
  const extra = [...heads.keys()].find((name) => !known.has(name));
  return extra === undefined ? undefined : `it does not list ${extra}`;
}

function unpublished(refs: readonly SummaryRef[], published: Refs): readonly SummaryRef[] {
  return refs.filter(({ name, commit }) => published.get(name) !== commit);
}

/** Publishers may keep these files as links to others of the repository. */
const LINKED = { links: 'inside' } as const;

function readIfThere({ path }: Repository, name: string): Buffer | undefined {
  try {
    return readBeneath(path, name, { ...LINKED, maxBytes: MAX_METADATA_BYTES });
  } catch (error) {
    if (isTreeportError(error)) throw error;
    throw new TreeportError('ERR_IO', `cannot read the ${name} of ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function copyIndexes(from: string, to: string): Promise<void> {
  const subSummaries = (listBeneath(from, SUB_SUMMARIES) ?? []).filter((entry) => !entry.isDirectory());
  const files = [...FLATPAK_INDEXES, ...subSummaries.map(({ name }) => `${SUB_SUMMARIES}/${name}`)];
  for (const file of files) await copyFileIfThere(from, to, file, LINKED);
}
