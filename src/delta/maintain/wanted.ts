/** The deltas that a policy wants in a repository, from its refs and their histories. */
import type { Checksum } from '../../ostree/checksum.ts';
import { type DeltaName, deltaKey } from '../../ostree/delta-name.ts';
import { type DeltaPolicy, type RefRule, ruleFor } from './policy.ts';

export type HistoryCommit = {
  readonly checksum: Checksum;
  readonly version: string | undefined;
};

/** The commits of a ref, newest first: as far back as the repository has them. */
export type RefHistory = { readonly ref: string; readonly commits: readonly HistoryCommit[] };

export type WantedDelta = {
  readonly name: DeltaName;
  /** The ref whose rule wants it; the first one if several do. */
  readonly ref: string;
};

export type Wanted = {
  /** In the order of the refs, from scratch first, then the newest base first. */
  readonly deltas: readonly WantedDelta[];
  /** The commits whose deltas the policy decides about: those of all refs that have a rule. */
  readonly covered: ReadonlySet<Checksum>;
};

export function wantedDeltas(policy: DeltaPolicy, histories: readonly RefHistory[]): Wanted {
  const deltas = new Map<string, WantedDelta>();
  const covered = new Set<Checksum>();
  for (const { ref, commits } of histories) {
    const rule = ruleFor(policy, ref);
    if (rule === undefined) continue;
    for (const { checksum } of commits) covered.add(checksum);
    for (const name of namesFor(rule, commits)) {
      const key = deltaKey(name);
      if (!deltas.has(key)) deltas.set(key, { name, ref });
    }
  }
  return { deltas: [...deltas.values()], covered };
}

function namesFor(rule: RefRule, [tip, ...before]: readonly HistoryCommit[]): readonly DeltaName[] {
  if (tip === undefined) return [];
  const to = tip.checksum;
  const bases = before.filter(
    ({ version }, index) =>
      index < rule.fromLast || (version !== undefined && rule.fromVersions.includes(version)),
  );
  const scratch = rule.scratch ? [{ from: undefined, to }] : [];
  return [...scratch, ...bases.map(({ checksum }) => ({ from: checksum, to }))];
}
