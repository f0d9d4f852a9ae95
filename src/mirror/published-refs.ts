/**
 * The refs that commits are published as. Clients reject a commit that they pull by a ref it is not bound to
 * (`ostree.ref-binding`), so publishing it as such a ref is an error:
 *
 * * a commit without a binding may be published as any ref;
 * * a commit bound to no ref at all (`ostree commit --orphan`) can only be pulled by checksum;
 * * if two commits claim the same ref, the newer one gets it.
 */
import { TreeportError, type Warn } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { type Commit, refBinding } from '../ostree/commit.ts';
import { loadCommitObject } from '../ostree/load.ts';
import { dictString } from '../ostree/metadata-dict.ts';
import type { MetadataSource } from '../ostree/object-source.ts';
import { checkRefName } from '../ostree/ref-name.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit, resolveRef, resolveRevision } from '../ostree/revision.ts';

export type PublishedRef = {
  readonly name: string;
  /** The collection id that the commit is bound to. */
  readonly collection: string | undefined;
  readonly commit: Checksum;
};

export type Publication = {
  /** Without duplicates; the first is the embedded commit, unless there is none. */
  readonly commits: readonly Checksum[];
  /** With unique names. */
  readonly refs: readonly PublishedRef[];
  /** Set if no commit is embedded: the objects of all are in the published repo. */
  readonly isWithoutOs?: boolean;
};

export function embeddedCommit({ commits, isWithoutOs }: Publication): Checksum | undefined {
  return isWithoutOs === true ? undefined : commits[0];
}

/** What history entries say that the layers are of. */
export function publishedNames({ refs, commits }: Publication): string {
  const [first, ...others] = refs;
  if (first === undefined) return `commit ${commits[0]}`;
  return refs.length > MOST_NAMES
    ? `${first.name} and ${others.length} other refs`
    : refs.map(({ name }) => name).join(', ');
}

type Candidate = PublishedRef & { readonly timestamp: number; readonly parent: Checksum | undefined };

const COLLECTION_ID = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+$/;
const MAX_COLLECTION_ID = 255;
/** Every layer has a history entry with them. */
const MOST_NAMES = 20;

/**
 * The publication of these revisions: refs under their own names, other revisions under the refs they are
 * bound to.
 */
export async function publicationOf(
  repo: Repository,
  revisions: readonly string[],
  warn: Warn,
): Promise<Publication> {
  const commits = new Set<Checksum>();
  const candidates: Candidate[] = [];
  for (const revision of revisions) {
    const commit = await resolveRevision(repo, revision);
    const isRef = (await resolveRef(repo, revision)) !== undefined;
    const names = isRef ? [revision.slice(revision.indexOf(':') + 1)] : [];
    commits.add(commit);
    for (const candidate of candidatesOf(commit, await loadCommit(repo, commit), names, warn))
      candidates.push(candidate);
  }
  return { commits: [...commits], refs: withoutConflicts(candidates, warn) };
}

/** The publication of these refs under their own names. */
export async function publicationOfRefs(
  repo: Repository,
  refs: readonly { readonly name: string; readonly commit: Checksum }[],
  warn: Warn,
): Promise<Publication> {
  const candidates: Candidate[] = [];
  for (const { name, commit } of refs)
    candidates.push(...candidatesOf(commit, await loadCommit(repo, commit), [name], warn));
  const commits = new Set(refs.map(({ commit }) => commit));
  return { commits: [...commits], refs: withoutConflicts(candidates, warn) };
}

/**
 * The publication of the commits of an image: as `names`, or if empty, as the refs they are bound to. A name
 * is for the commits that are bound to it; a name that none is bound to is for all of them.
 */
export async function publicationOfCommits(
  source: MetadataSource,
  checksums: readonly Checksum[],
  names: readonly string[],
  warn: Warn,
): Promise<Publication> {
  const commits: { readonly checksum: Checksum; readonly commit: Commit }[] = [];
  for (const checksum of checksums)
    commits.push({ checksum, commit: await loadCommitObject(source, checksum) });
  const bound = new Set(commits.flatMap(({ commit }) => refBinding(commit) ?? []));
  const candidates = commits.flatMap(({ checksum, commit }) => {
    const own = new Set(refBinding(commit));
    const chosen = names.filter((name) => own.has(name) || !bound.has(name));
    return names.length > 0 && chosen.length === 0 ? [] : candidatesOf(checksum, commit, chosen, warn);
  });
  return { commits: checksums, refs: withoutConflicts(candidates, warn) };
}

function candidatesOf(
  checksum: Checksum,
  commit: Commit,
  names: readonly string[],
  warn: Warn,
): readonly Candidate[] {
  const bound = refBinding(commit);
  if (bound !== undefined && bound.length > 0) checkBinding(checksum, names, bound);
  const published = bound?.length === 0 ? [] : names.length > 0 ? names : (bound ?? []);
  if (published.length === 0) {
    const why = bound === undefined ? 'it has no name here' : 'it is bound to no ref';
    warn(`commit ${checksum} is published without a ref, for clients that pull it by checksum: ${why}`);
  }
  published.forEach(checkRefName);
  const collection = collectionOf(checksum, commit, warn);
  const { timestamp, parent } = commit;
  return published.map((name) => ({ name, collection, commit: checksum, timestamp, parent }));
}

function checkBinding(checksum: Checksum, names: readonly string[], bound: readonly string[]): void {
  const wrong = names.find((name) => !bound.includes(name));
  if (wrong === undefined) return;
  throw new TreeportError(
    'ERR_REF_BINDING',
    `commit ${checksum} is bound to ${bound.join(', ')}: clients refuse it under the name ${wrong}`,
  );
}

export function isCollectionId(id: string): boolean {
  return id.length <= MAX_COLLECTION_ID && COLLECTION_ID.test(id);
}

function collectionOf(checksum: Checksum, commit: Commit, warn: Warn): string | undefined {
  const id = dictString(commit.metadata, 'ostree.collection-binding');
  if (id === undefined || id === '') return undefined;
  if (isCollectionId(id)) return id;
  warn(
    `commit ${checksum} is bound to the collection ${JSON.stringify(id)}, which is not a valid collection id; the mirror announces no collection for it`,
  );
  return undefined;
}

function withoutConflicts(candidates: readonly Candidate[], warn: Warn): readonly PublishedRef[] {
  const chosen = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const other = chosen.get(candidate.name);
    if (other !== undefined && other.commit !== candidate.commit) {
      const [kept, left] = isNewer(candidate, other) ? [candidate, other] : [other, candidate];
      warn(`${kept.name} is published as commit ${kept.commit}, which is newer than ${left.commit}`);
      chosen.set(kept.name, kept);
    } else {
      chosen.set(candidate.name, candidate);
    }
  }
  return [...chosen.values()].map(({ name, collection, commit }) => ({ name, collection, commit }));
}

function isNewer(one: Candidate, other: Candidate): boolean {
  if (one.timestamp !== other.timestamp) return one.timestamp > other.timestamp;
  return one.parent === other.commit;
}
