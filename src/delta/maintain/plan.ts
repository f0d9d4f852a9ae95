/** What maintenance does with each delta. Pure: everything that it depends on is in its arguments. */
import type { Checksum } from '../../ostree/checksum.ts';
import { type DeltaName, deltaKey } from '../../ostree/delta-name.ts';
import type { Wanted } from './wanted.ts';

/** What a delta saves against fetching the objects one by one. */
export type Saving = {
  /** Superblock, parts and fallbacks. */
  readonly deltaBytes: number;
  readonly deltaRequests: number;
  /** The `.filez` and metadata objects that a client with the base lacks. */
  readonly looseBytes: number;
  readonly looseRequests: number;
};

export type ExistingDelta = {
  readonly name: DeltaName;
  /** Undefined if the commits are not complete here. */
  readonly saving: Saving | undefined;
  /**
   * `stale`: its copy of the detached metadata is not the commit's, which was signed afterwards. `offline`:
   * in the signed wrapper, which clients cannot pull. `damaged`: the superblock is malformed.
   */
  readonly state: 'good' | 'stale' | 'offline' | 'damaged';
};

export type StepKind = 'make' | 'refresh' | 'keep' | 'drop' | 'leave';

export type Step = {
  readonly kind: StepKind;
  readonly name: DeltaName;
  /** The reason, for people. */
  readonly why: string;
  readonly saving?: Saving;
};

export type PlanInput = {
  readonly wanted: Wanted;
  readonly existing: readonly ExistingDelta[];
  /** 0 to 1. */
  readonly minimumSaving: number;
  /** Deltas that were made before and saved too little, by key. */
  readonly declined: ReadonlyMap<string, Saving>;
  readonly hasCommit: (commit: Checksum) => boolean;
  /** Keys in the repository's signed summary. */
  readonly signed: ReadonlySet<string>;
};

/** The share of the loose objects' bytes that the delta saves; negative if it is larger. */
export function savedShare({ deltaBytes, looseBytes }: Saving): number {
  return looseBytes === 0 ? 0 : 1 - deltaBytes / looseBytes;
}

/** The steps: existing deltas in their order, then those to make. */
export function planDeltas(input: PlanInput): readonly Step[] {
  const { wanted, existing } = input;
  const refs = new Map(wanted.deltas.map(({ name, ref }) => [deltaKey(name), ref]));
  const present = new Set(existing.map(({ name }) => deltaKey(name)));
  const kept = existing.map((delta) => stepFor(delta, refs.get(deltaKey(delta.name)), input));
  const missing = wanted.deltas
    .filter(({ name }) => !present.has(deltaKey(name)))
    .map(({ name, ref }) => missingStep(name, ref, input));
  return [...kept, ...missing];
}

function stepFor(delta: ExistingDelta, ref: string | undefined, input: PlanInput): Step {
  const { name, saving, state } = delta;
  const of = saving === undefined ? {} : { saving };
  if (state === 'offline')
    return { kind: 'leave', name, why: 'signed for offline use; clients cannot pull it' };
  if (!input.hasCommit(name.to))
    return { kind: 'drop', name, why: 'its commit is not in the repository', ...of };
  if (ref === undefined) {
    return input.wanted.covered.has(name.to)
      ? { kind: 'drop', name, why: 'the policy does not list it', ...of }
      : { kind: 'leave', name, why: 'the policy does not cover its commit', ...of };
  }
  if (state === 'damaged') return { kind: 'drop', name, why: 'its superblock is damaged', ...of };
  if (saving !== undefined && savedShare(saving) < input.minimumSaving)
    return { kind: 'drop', name, why: 'it saves too little', ...of };
  if (state === 'good') return { kind: 'keep', name, why: `listed for ${ref}`, ...of };
  if (!input.signed.has(deltaKey(name)))
    return { kind: 'refresh', name, why: 'its commit was signed afterwards', ...of };
  // Clients take a superblock with another checksum than the summary says for an attack.
  const why = 'its commit was signed afterwards, and the signed summary lists it as it was';
  return { kind: 'drop', name, why, ...of };
}

function missingStep(name: DeltaName, ref: string, input: PlanInput): Step {
  const { declined, signed, minimumSaving } = input;
  const saving = declined.get(deltaKey(name));
  if (saving !== undefined && savedShare(saving) < minimumSaving)
    return { kind: 'leave', name, why: 'it saved too little when it was made', saving };
  if (signed.has(deltaKey(name))) {
    const why = 'the signed summary still lists an earlier one: update and sign the summary first';
    return { kind: 'leave', name, why };
  }
  return { kind: 'make', name, why: `listed for ${ref}` };
}
