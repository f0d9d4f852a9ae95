/**
 * Selects the ref names under which a repository offers its commits. A client rejects a commit under a name
 * that the commit is not bound to (`ostree.ref-binding`), so only names that clients can pull are offered:
 *
 * 1. A head (`refs/heads/NAME`) under its own name, if the commit is bound to it or to nothing.
 * 2. A ref fetched from a remote (`refs/remotes/REMOTE/NAME`) under NAME, likewise: deployed systems keep
 *    their commits there. If remotes disagree, the newer commit is offered.
 * 3. Any other head or remote ref under the names its commit is bound to, the newest commit of each name.
 *    Deployments (`refs/heads/ostree/0/1/0`) have such heads.
 *
 * Earlier rules take precedence. Commits with an empty binding can be pulled by checksum only.
 */
import { compareBytes } from '../base/bytes.ts';
import type { Checksum } from './checksum.ts';
import { type CommitFacts, isNewer, loadCommitFacts } from './commit-facts.ts';
import { isRefName } from './ref-name.ts';
import { type ListRefsOptions, listHeads, listRemoteRefs, type Refs } from './refs.ts';
import type { Repository } from './repo/open.ts';

export type OfferedRef = CommitFacts & { readonly name: string };

export type OfferedRefsOptions = ListRefsOptions & {
  /** The local refs, if the caller knows them. */
  readonly heads?: Refs;
  /** The refs of other collections, if the caller knows them. */
  readonly mirrors?: ReadonlyMap<string, Refs>;
  /** Called for each ref that is skipped because its commit cannot be read. */
  readonly onSkipped?: (ref: string, commit: Checksum, error: unknown) => void;
  /** Called for each name that two remotes have at different commits. */
  readonly onConflict?: (name: string, offered: Checksum, older: Checksum) => void;
};

/** Refs of deployments: boot version, sub-boot version, index. */
const DEPLOYMENT = /^ostree\/[01]\/[01]\/\d+$/;

/** The refs that clients can pull, sorted by the bytes of their names. */
export async function listOfferedRefs(
  repo: Repository,
  options: OfferedRefsOptions = {},
): Promise<readonly OfferedRef[]> {
  const load = factsLoader(repo, options);
  const heads = await load(options.heads ?? (await listHeads(repo, options)));
  const remotes = (await load(await listRemoteRefs(repo, options))).map(withoutRemote);
  const rest = [...heads, ...remotes].filter((ref) => !isPullable(ref));
  const bound = rest.flatMap((ref) => (ref.binding ?? []).map((name) => ({ ...ref, name })));
  const offered = new Map<string, OfferedRef>();
  const add = (refs: readonly OfferedRef[], onConflict?: OfferedRefsOptions['onConflict']) => {
    for (const ref of newestOf(refs, onConflict)) if (!offered.has(ref.name)) offered.set(ref.name, ref);
  };
  add(heads.filter(isPullable));
  add(remotes.filter(isPullable), options.onConflict);
  add(bound.filter(({ name }) => isRefName(name)));
  return [...offered.values()].toSorted((a, b) => compareBytes(a.name, b.name));
}

/** True if clients accept the commit under this name. */
export function isPullable({ name, binding }: Pick<OfferedRef, 'name' | 'binding'>): boolean {
  return !DEPLOYMENT.test(name) && (binding === undefined || binding.includes(name));
}

/** Reads each commit once; skips those that cannot be read. */
export function factsLoader(
  { objects }: Repository,
  { onSkipped }: OfferedRefsOptions,
): (refs: Refs) => Promise<readonly OfferedRef[]> {
  const known = new Map<Checksum, CommitFacts>();
  return async (refs) => {
    const loaded: OfferedRef[] = [];
    for (const [name, commit] of refs) {
      try {
        const facts = known.get(commit) ?? (await loadCommitFacts(objects, commit));
        known.set(commit, facts);
        loaded.push({ ...facts, name });
      } catch (error) {
        onSkipped?.(name, commit, error);
      }
    }
    return loaded;
  };
}

function withoutRemote(ref: OfferedRef): OfferedRef {
  return { ...ref, name: ref.name.slice(ref.name.indexOf(':') + 1) };
}

function newestOf(
  refs: readonly OfferedRef[],
  onConflict: OfferedRefsOptions['onConflict'],
): Iterable<OfferedRef> {
  const newest = new Map<string, OfferedRef>();
  for (const ref of refs) {
    const other = newest.get(ref.name);
    if (other === undefined || other.commit === ref.commit) {
      newest.set(ref.name, ref);
      continue;
    }
    const [kept, left] = isNewer(ref, other) ? [ref, other] : [other, ref];
    newest.set(ref.name, kept);
    onConflict?.(ref.name, kept.commit, left.commit);
  }
  return newest.values();
}
