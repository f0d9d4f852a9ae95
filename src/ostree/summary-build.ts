/**
 * Makes the summary of a repository from what lies in it, as clients of an archive repository expect it.
 *
 * Equal repositories give equal bytes: refs and deltas are sorted, and the modification time is the newest
 * listed commit's, not the clock's, so that neither signatures nor entity tags churn. A ref whose commit is
 * missing or broken is left out, and so are deltas to missing commits: an entry that cannot be pulled makes
 * clients fail.
 */
import { type Variant, variant } from '../gvariant/index.ts';
import type { Checksum } from './checksum.ts';
import { parseCommit } from './commit.ts';
import { type Delta, deltasVariant, listDeltas, STATIC_DELTAS_KEY } from './delta-list.ts';
import { keyfileBoolean, keyfileString } from './keyfile.ts';
import { verifiedMetadata } from './load.ts';
import { dictString, type MetadataDict, stringVariant } from './metadata-dict.ts';
import { listHeads, listMirrorRefs, type Refs } from './refs.ts';
import type { Repository } from './repo/open.ts';
import { refsToValue, type Summary, type SummaryRef, timestampVariant } from './summary.ts';

export type SummaryOptions = {
  /** The deltas to list; those in the repository's directory where not given. */
  readonly deltas?: readonly Delta[];
  /** Told of each ref that is left out, with the error its commit gave. */
  readonly onSkipped?: (ref: string, commit: Checksum, error: unknown) => void;
};

/** The spelling that clients of every age understand. */
export const ARCHIVE_MODE = 'archive-z2';
const MODE_KEY = 'ostree.summary.mode';

type DatedRef = { readonly ref: SummaryRef; readonly timestamp: number };

export async function buildSummary(repo: Repository, options: SummaryOptions = {}): Promise<Summary> {
  const heads = await summaryRefs(repo, await listHeads(repo), options);
  const collections: (readonly [string, readonly DatedRef[]])[] = [];
  for (const [id, refs] of await listMirrorRefs(repo))
    collections.push([id, await summaryRefs(repo, refs, options)]);
  const all = [...heads, ...collections.flatMap(([, refs]) => refs)];
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
  return { refs: heads.map(({ ref }) => ref), metadata };
}

/** The same summary saying that the repository is an archive, as it looks over HTTP. */
export function withArchiveMode(summary: Summary): Summary {
  if (dictString(summary.metadata, MODE_KEY) === ARCHIVE_MODE) return summary;
  const metadata: MetadataDict = new Map([...summary.metadata, [MODE_KEY, stringVariant(ARCHIVE_MODE)]]);
  return { ...summary, metadata };
}

async function summaryRefs(repo: Repository, refs: Refs, { onSkipped }: SummaryOptions): Promise<DatedRef[]> {
  const listed: DatedRef[] = [];
  for (const [name, commit] of refs) {
    try {
      listed.push(await summaryRef(repo, name, commit));
    } catch (error) {
      onSkipped?.(name, commit, error);
    }
  }
  return listed;
}

async function summaryRef(repo: Repository, name: string, commit: Checksum): Promise<DatedRef> {
  const bytes = await verifiedMetadata(repo.objects, 'commit', commit);
  const { metadata: own, timestamp } = parseCommit(bytes);
  const metadata = new Map<string, Variant>([['ostree.commit.timestamp', timestampVariant(timestamp)]]);
  const version = dictString(own, 'version');
  if (version !== undefined) metadata.set('ostree.commit.version', stringVariant(version));
  return { ref: { name, commit, commitSize: bytes.length, metadata }, timestamp };
}

async function presentDeltas(repo: Repository, deltas: readonly Delta[]): Promise<readonly Delta[]> {
  const present: Delta[] = [];
  for (const delta of deltas) {
    if (await repo.objects.has({ type: 'commit', checksum: delta.name.to })) present.push(delta);
  }
  return present;
}

function collectionMap(collections: readonly (readonly [string, readonly DatedRef[]])[]): Variant {
  return variant(
    'a{sa(s(taya{sv}))}',
    collections.map(([id, refs]) => [id, refsToValue(refs.map(({ ref }) => ref))]),
  );
}
