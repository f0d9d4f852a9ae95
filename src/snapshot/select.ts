/**
 * Selects what a snapshot holds: refs by globs, and of their history as many commits as the depth and the
 * date allow. History ends where a parent is missing or partial, as it does for clients that pull it.
 */
import { posix } from 'node:path';
import { TreeportError, type Warn } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import type { PublishedRef } from '../mirror/published-refs.ts';
import { type Publication, publicationOfRefs } from '../mirror/published-refs.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { keyfileString } from '../ostree/keyfile.ts';
import { listOfferedRefs, type OfferedRef } from '../ostree/offered-refs.ts';
import { isPartial } from '../ostree/partial.ts';
import { listMirrorRefs } from '../ostree/refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit } from '../ostree/revision.ts';

export type SelectOptions = {
  /** `*` matches within a component of a ref, `**` across components. None: all refs. */
  readonly globs: readonly string[];
  /** Parents of each ref's commit. */
  readonly depth: number;
  /** Seconds since 1970: parents of before are left out. */
  readonly since?: number;
  /** The ref whose commit is encapsulated. Default: the ref, if a single one is named; else none. */
  readonly mainRef?: string;
  readonly warn: Warn;
};

const IS_GLOB = /[*?[\]{}!()]/;

/** ERR_REF_MISSING if a glob matches no ref, ERR_COLLECTION_CONFLICT, ERR_REF_BINDING. */
export async function selectSnapshot(repo: Repository, options: SelectOptions): Promise<Publication> {
  const { globs, mainRef, warn } = options;
  const offered = await usableRefs(repo, options);
  const chosen = matching(offered, globs, repo.path);
  const only = globs.length === 1 && !IS_GLOB.test(globs[0] as string) ? globs[0] : undefined;
  const main = mainRef ?? only;
  const [ofMain, others] = [true, false].map((isMain) =>
    chosen.filter(({ name }) => (name === main) === isMain),
  ) as [OfferedRef[], OfferedRef[]];
  if (main !== undefined && ofMain.length === 0) throw noSuchRef(main, repo.path, offered);
  const published = await publicationOfRefs(repo, [...ofMain, ...others], warn);
  const refs = await withCollections(repo, published.refs);
  const commits = new Set(published.commits);
  for (const head of published.commits) await addHistory(repo, head, commits, options);
  return { commits: [...commits], refs, ...(main === undefined ? { isWithoutOs: true } : {}) };
}

/** Without refs of partial commits, which cannot be carried. */
async function usableRefs(repo: Repository, { warn }: SelectOptions): Promise<readonly OfferedRef[]> {
  const skipped = (name: string, why: string) => warn(`the ref ${name} is left out: ${why}`);
  const offered = await listOfferedRefs(repo, {
    onDamaged: ({ path, why }) => skipped(path, why),
    onSkipped: (name, commit) => skipped(name, `its commit ${commit} cannot be read`),
    onConflict: (name, kept, left) =>
      warn(`${name} is published as commit ${kept}, which is newer than ${left}`),
  });
  return offered.filter(({ name, commit }) => {
    const isUsable = !isPartial(repo, commit);
    if (!isUsable) skipped(name, `its commit ${commit} is partial`);
    return isUsable;
  });
}

function matching(
  offered: readonly OfferedRef[],
  globs: readonly string[],
  path: string,
): readonly OfferedRef[] {
  if (globs.length === 0 && offered.length > 0) return offered;
  const matches = (glob: string, { name }: OfferedRef) => name === glob || posix.matchesGlob(name, glob);
  const idle = globs.length === 0 ? '**' : globs.find((glob) => !offered.some((ref) => matches(glob, ref)));
  if (idle !== undefined) throw noSuchRef(idle, path, offered);
  return offered.filter((ref) => globs.some((glob) => matches(glob, ref)));
}

const SHOWN_REFS = 5;

function noSuchRef(glob: string, path: string, offered: readonly OfferedRef[]): TreeportError {
  const names = offered.slice(0, SHOWN_REFS).map(({ name }) => name);
  const meant = didYouMean(
    glob,
    offered.map(({ name }) => name),
  );
  const more = offered.length > SHOWN_REFS ? `, and ${offered.length - SHOWN_REFS} more` : '';
  const there = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}${more}`;
  return new TreeportError(
    'ERR_REF_MISSING',
    `"${glob}" matches no usable ref of the repository ${path}: ${there}${meant}`,
  );
}

/**
 * A ref can be of one collection only: that of the repository, that its commit is bound to, or that
 * `refs/mirrors` has it under.
 */
async function withCollections(
  repo: Repository,
  refs: readonly PublishedRef[],
): Promise<readonly PublishedRef[]> {
  const own = keyfileString(repo.config, 'core', 'collection-id');
  const mirrors = await listMirrorRefs(repo, { onDamaged: () => {} });
  return refs.map((ref) => {
    for (const [id, mirrored] of mirrors) {
      const commit = mirrored.get(ref.name);
      if (commit !== undefined && commit !== ref.commit)
        throw conflict(ref, ref.collection ?? own ?? 'no collection', id);
    }
    if (own !== undefined && ref.collection !== undefined && own !== ref.collection)
      throw conflict(ref, own, ref.collection);
    return ref;
  });
}

function conflict({ name }: PublishedRef, one: string, other: string): TreeportError {
  return new TreeportError(
    'ERR_COLLECTION_CONFLICT',
    `the ref ${name} is of ${one} and of ${other} at once; a snapshot publishes it as one of them only`,
  );
}

async function addHistory(
  repo: Repository,
  head: Checksum,
  commits: Set<Checksum>,
  { depth, since = Number.NEGATIVE_INFINITY, warn }: SelectOptions,
): Promise<void> {
  let { parent } = await loadCommit(repo, head);
  for (let step = 0; parent !== undefined && step < depth; step += 1) {
    const checksum = parent;
    if (!(await repo.objects.has({ type: 'commit', checksum }))) {
      if (await repo.objects.has({ type: 'tombstone-commit', checksum }))
        warn(`history before the deleted commit ${checksum} is left out, and so is its tombstone`);
      return;
    }
    if (isPartial(repo, parent)) return;
    const commit = await loadCommit(repo, parent);
    if (commit.timestamp < since) return;
    commits.add(parent);
    parent = commit.parent;
  }
}
