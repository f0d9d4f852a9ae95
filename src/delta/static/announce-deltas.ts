/**
 * Announces the deltas of a repository after they changed: rewrites the delta indexes and the summary's
 * dictionary. Idempotent; files that say the same already are left alone.
 *
 * A signed summary is left alone, because its signature would be lost. So is a summary that another publisher
 * replaces meanwhile: it lists the deltas that it found itself. The publish lock does not keep out
 * `ostree summary -u`, which shares the repository's lock, so that is looked at right before the rename.
 */
import { type Stats, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceUnchanged, writeFileAtomic } from '../../base/atomic-file.ts';
import { listBeneath } from '../../base/list-beneath.ts';
import { isFileBeneath, readBeneath } from '../../base/open-beneath.ts';
import { type Variant, variant } from '../../gvariant/index.ts';
import { type Checksum, checksumFromDeltaName } from '../../ostree/checksum.ts';
import {
  type Delta,
  deltasVariant,
  listDeltas,
  STATIC_DELTAS_KEY,
  serializeDeltaIndex,
} from '../../ostree/delta-list.ts';
import { DELTA_INDEXES, deltaIndexPath, deltaKey } from '../../ostree/delta-name.ts';
import { keyfileBoolean } from '../../ostree/keyfile.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { dictView, type MetadataDict, parseDict } from '../../ostree/metadata-dict.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { parseSummary, serializeSummary } from '../../ostree/summary.ts';

/** `signed`: the summary keeps its signature and lists the deltas that it listed. */
export type AnnouncedSummary = 'none' | 'updated' | 'unchanged' | 'signed';

const INDEXED_DELTAS_KEY = 'ostree.summary.indexed-deltas';
const LINKED = { links: 'inside', maxBytes: MAX_METADATA_BYTES } as const;

/** Announces all deltas of the repository except those in `without`, which are about to be removed. */
export async function announceDeltas(
  repo: Repository,
  without: ReadonlySet<string> = new Set(),
): Promise<AnnouncedSummary> {
  const found = await listDeltas(repo.path, { onSkipped: () => {} });
  const deltas = found.filter(({ name }) => !without.has(deltaKey(name)));
  for (const to of new Set([...deltas.map(({ name }) => name.to), ...indexedCommits(repo.path)]))
    await announceInIndex(
      repo.path,
      to,
      deltas.filter(({ name }) => name.to === to),
    );
  return announceInSummary(repo, deltas);
}

/** The deltas that the signed summary lists, by key; empty if the summary has no signature. */
export function signedDeltas(repo: Repository): ReadonlySet<string> {
  const bytes = isSigned(repo) ? readBeneath(repo.path, 'summary', LINKED) : undefined;
  return new Set(bytes === undefined ? [] : listedIn(parseSummary(bytes).metadata).keys());
}

function indexedCommits(repoPath: string): readonly Checksum[] {
  const names = (path: string) => (listBeneath(repoPath, path) ?? []).map(({ name }) => name);
  return names(DELTA_INDEXES).flatMap((fanOut) =>
    names(`${DELTA_INDEXES}/${fanOut}`).flatMap((file) => {
      const name = file.endsWith('.index') ? fanOut + file.slice(0, -'.index'.length) : '';
      return checksumFromDeltaName(name) ?? [];
    }),
  );
}

async function announceInIndex(repoPath: string, to: Checksum, deltas: readonly Delta[]): Promise<void> {
  const path = deltaIndexPath(to);
  if (deltas.length === 0) return rm(join(repoPath, path), { force: true });
  const present = readBeneath(repoPath, path, LINKED);
  if (present !== undefined && saysSame(parseDict(present), deltas)) return;
  await writeFileAtomic(join(repoPath, path), serializeDeltaIndex(deltas));
}

async function announceInSummary(repo: Repository, deltas: readonly Delta[]): Promise<AnnouncedSummary> {
  if (isSigned(repo)) return 'signed';
  const path = join(repo.path, 'summary');
  const before = summaryStat(path);
  const bytes = readBeneath(repo.path, 'summary', LINKED);
  if (bytes === undefined || before === undefined) return 'none';
  const listed = keyfileBoolean(repo.config, 'core', 'no-deltas-in-summary') === true ? [] : deltas;
  const complete: Delta[] = [];
  for (const delta of listed)
    if (await repo.objects.has({ type: 'commit', checksum: delta.name.to })) complete.push(delta);
  const summary = parseSummary(bytes);
  if (saysSame(summary.metadata, complete)) return 'unchanged';
  const { refs, metadata } = summary;
  const changed = new Map<string, Variant>([...metadata, [INDEXED_DELTAS_KEY, variant('b', true)]]);
  if (complete.length === 0) changed.delete(STATIC_DELTAS_KEY);
  else changed.set(STATIC_DELTAS_KEY, deltasVariant(complete));
  const isUnchanged = () => {
    const now = summaryStat(path);
    return !isSigned(repo) && now?.ino === before.ino && now.mtimeMs === before.mtimeMs;
  };
  const rewritten = serializeSummary({ refs, metadata: changed });
  return (await replaceUnchanged(path, rewritten, isUnchanged)) ? 'updated' : 'unchanged';
}

function summaryStat(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function isSigned(repo: Repository): boolean {
  return isFileBeneath(repo.path, 'summary.sig', { links: 'inside' });
}

function listedIn(dict: MetadataDict): ReadonlyMap<string, string> {
  const listed = dictView(dict, STATIC_DELTAS_KEY, 'a{sv}');
  return new Map(
    Array.from(listed ?? [], (entry) => [
      entry.child(0).value() as string,
      Buffer.from(entry.child(1).child(0).bytes).toString('hex'),
    ]),
  );
}

function saysSame(dict: MetadataDict, deltas: readonly Delta[]): boolean {
  const listed = listedIn(dict);
  if (listed.size !== deltas.length) return false;
  return deltas.every(({ name, superblock }) => listed.get(deltaKey(name)) === superblock);
}
