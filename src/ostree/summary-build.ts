/**
 * Generates the summary of a repository, as clients of an archive repository expect it.
 *
 * Deterministic: refs and deltas are sorted, and the modification time is that of the newest listed commit,
 * not the current time, so that signatures and ETags stay valid. Refs that no client could pull are omitted
 * (see offered-refs.ts), and so are deltas to missing commits, because such entries make clients fail.
 */
import { type Variant, variant } from '../gvariant/index.ts';
import { type Delta, deltasVariant, listDeltas, STATIC_DELTAS_KEY } from './delta-list.ts';
import { flatpakCache } from './flatpak/cache.ts';
import { repositoryKeys } from './flatpak/repository-keys.ts';
import { keyfileBoolean, keyfileString } from './keyfile.ts';
import { dictString, type MetadataDict, stringVariant } from './metadata-dict.ts';
import {
  factsLoader,
  isPullable,
  listOfferedRefs,
  type OfferedRef,
  type OfferedRefsOptions,
} from './offered-refs.ts';
import { listMirrorRefs } from './refs.ts';
import type { Repository } from './repo/open.ts';
import { refsToValue, type Summary, type SummaryRef, timestampVariant } from './summary.ts';

export type SummaryOptions = OfferedRefsOptions & {
  /** The refs to list; by default those that the repository offers. */
  readonly refs?: readonly OfferedRef[];
  /** The deltas to list; by default those in the repository. */
  readonly deltas?: readonly Delta[];
};

/** The spelling that old and new clients understand. */
export const ARCHIVE_MODE = 'archive-z2';
const MODE_KEY = 'ostree.summary.mode';

export async function buildSummary(repo: Repository, options: SummaryOptions = {}): Promise<Summary> {
  const refs = options.refs ?? (await listOfferedRefs(repo, options));
  const collections = await listCollections(repo, options);
  const all = [...refs, ...collections.flatMap(([, others]) => others)];
  const newest = all.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
  const deltas = await presentDeltas(repo, options.deltas ?? (await listDeltas(repo.path)));
  const metadata = new Map<string, Variant>([
    ['ostree.summary.last-modified', timestampVariant(newest)],
    [MODE_KEY, stringVariant(ARCHIVE_MODE)],
    [
      'ostree.summary.tombstone-commits',
      variant('b', keyfileBoolean(repo.config, 'core', 'tombstone-commits') ?? false),
    ],
    ['ostree.summary.indexed-deltas', variant('b', true)],
  ]);
  if (deltas.length > 0 && keyfileBoolean(repo.config, 'core', 'no-deltas-in-summary') !== true) {
    metadata.set(STATIC_DELTAS_KEY, deltasVariant(deltas));
  }
  const collectionId = keyfileString(repo.config, 'core', 'collection-id');
  if (collectionId !== undefined) metadata.set('ostree.summary.collection-id', stringVariant(collectionId));
  if (collections.length > 0) metadata.set('ostree.summary.collection-map', collectionMap(collections));
  const flatpak = refs.flatMap(({ name, flatpak }) =>
    flatpak === undefined ? [] : [[name, flatpak] as const],
  );
  for (const [key, value] of [...repositoryKeys(repo.config), ...flatpakCache(flatpak)])
    metadata.set(key, value);
  return { refs: refs.map(summaryRef), metadata };
}

/** Sets the mode to archive, because that is how the repository looks over HTTP. */
export function withArchiveMode(summary: Summary): Summary {
  if (dictString(summary.metadata, MODE_KEY) === ARCHIVE_MODE) return summary;
  const metadata: MetadataDict = new Map([...summary.metadata, [MODE_KEY, stringVariant(ARCHIVE_MODE)]]);
  return { ...summary, metadata };
}

async function listCollections(
  repo: Repository,
  options: OfferedRefsOptions,
): Promise<readonly (readonly [string, readonly OfferedRef[]])[]> {
  const load = factsLoader(repo, options);
  const collections: (readonly [string, readonly OfferedRef[]])[] = [];
  for (const [id, refs] of options.mirrors ?? (await listMirrorRefs(repo, options))) {
    collections.push([id, (await load(refs)).filter(isPullable)]);
  }
  return collections;
}

function summaryRef({ name, commit, size, timestamp, version }: OfferedRef): SummaryRef {
  const metadata = new Map<string, Variant>([['ostree.commit.timestamp', timestampVariant(timestamp)]]);
  if (version !== undefined) metadata.set('ostree.commit.version', stringVariant(version));
  return { name, commit, commitSize: size, metadata };
}

async function presentDeltas(repo: Repository, deltas: readonly Delta[]): Promise<readonly Delta[]> {
  const present: Delta[] = [];
  for (const delta of deltas) {
    if (await repo.objects.has({ type: 'commit', checksum: delta.name.to })) present.push(delta);
  }
  return present;
}

function collectionMap(collections: readonly (readonly [string, readonly OfferedRef[]])[]): Variant {
  return variant(
    'a{sa(s(taya{sv}))}',
    collections.map(([id, refs]) => [id, refsToValue(refs.map(summaryRef))]),
  );
}
