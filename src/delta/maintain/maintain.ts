/**
 * Makes the deltas of a repository those that a policy lists. What it did before it was killed is complete,
 * and the next run does the rest: each delta becomes visible by one rename, and the announcements are made
 * from what is there.
 *
 * It works beside servers and other publishers: see delta-files.ts, announce-deltas.ts and publish-lock.ts in
 * ../static/. Of two runs on one repository the second ends at once.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import type { Temporary, TryLock } from '../../base/temporary.ts';
import { type DeltaName, deltaKey, superblockPath } from '../../ostree/delta-name.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { type AnnouncedSummary, announceDeltas, signedDeltas } from '../static/announce-deltas.ts';
import { type Period, placeDelta, putDelta, removeOldParts, withdrawDelta } from '../static/delta-files.ts';
import { withPublishLock } from '../static/publish-lock.ts';
import { readSuperblockFile, superblockIn } from '../static/stored-superblock.ts';
import { parseSuperblock, serializeSuperblock } from '../static/superblock.ts';
import { readDeclined, writeDeclined } from './declined.ts';
import { examineDeltas, withCurrentMetadata } from './examine.ts';
import { readHistories } from './history.ts';
import { withMaintenanceLock } from './maintenance-lock.ts';
import { planDeltas, type Saving, type Step, type StepKind, savedShare } from './plan.ts';
import type { DeltaPolicy } from './policy.ts';
import { SavingMeter } from './saving.ts';
import { wantedDeltas } from './wanted.ts';

/** Makes a delta in an existing empty directory: `superblock`, and the parts as `0`, `1`, … */
export type MakeDelta = (repo: Repository, name: DeltaName, directory: string) => Promise<void>;

export type MaintainOptions = {
  readonly policy: DeltaPolicy;
  readonly make: MakeDelta;
  readonly tryLock: TryLock;
  /** Plans only. */
  readonly isDryRun: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Called with each step when it is done; in a dry run, with each that is planned. */
  readonly onStep?: (done: DoneStep) => Promise<void>;
};

/** `decline`: made, but it saved too little. `wait`: made, but parts of an earlier delta are in the way. */
export type DoneStep = Omit<Step, 'kind'> & { readonly kind: Step['kind'] | 'decline' | 'wait' };

export type MaintainReport = {
  readonly steps: readonly DoneStep[];
  /** Deltas whose old parts were removed. */
  readonly removed: number;
  readonly summary: AnnouncedSummary;
};

/** ERR_DELTA_BUSY, ERR_DELTA_CORRUPT, ERR_VARIANT and what reading and writing the repository throws. */
export async function maintainDeltas(repo: Repository, options: MaintainOptions): Promise<MaintainReport> {
  if (options.isDryRun) return dryRun(repo, options);
  return withMaintenanceLock(repo.path, options.tryLock, (scratch) =>
    new Maintenance(repo, scratch, options).run(),
  );
}

async function dryRun(repo: Repository, { policy, onStep }: MaintainOptions): Promise<MaintainReport> {
  const steps = await plan(repo, policy, new SavingMeter(repo));
  for (const step of steps) await onStep?.(step);
  return { steps, removed: 0, summary: 'unchanged' };
}

async function plan(repo: Repository, policy: DeltaPolicy, meter: SavingMeter): Promise<readonly Step[]> {
  const wanted = wantedDeltas(policy, await readHistories(repo));
  const existing = await examineDeltas(repo, meter);
  const missing = new Set<string>();
  for (const { name } of existing)
    if (!(await repo.objects.has({ type: 'commit', checksum: name.to }))) missing.add(name.to);
  return planDeltas({
    wanted,
    existing,
    minimumSaving: policy.minimumSaving,
    declined: await readDeclined(repo.path),
    hasCommit: (commit) => !missing.has(commit),
    signed: signedDeltas(repo),
  });
}

class Maintenance {
  readonly #repo: Repository;
  readonly #scratch: Temporary;
  readonly #options: MaintainOptions;
  readonly #meter: SavingMeter;
  readonly #period: Period;
  readonly #declined = new Map<string, Saving>();
  readonly #steps: DoneStep[] = [];

  constructor(repo: Repository, scratch: Temporary, options: MaintainOptions) {
    this.#repo = repo;
    this.#scratch = scratch;
    this.#options = options;
    this.#meter = new SavingMeter(repo);
    this.#period = { grace: options.policy.grace, now: options.now };
  }

  async run(): Promise<MaintainReport> {
    const path = this.#repo.path;
    const steps = await plan(this.#repo, this.#options.policy, this.#meter);
    for (const { kind, name, saving } of steps)
      if (saving !== undefined && kind !== 'make' && savedShare(saving) < this.#options.policy.minimumSaving)
        this.#declined.set(deltaKey(name), saving);
    const dropped = keysOf(steps, 'drop');
    const removed = await withPublishLock(this.#repo, async () => {
      // First, so that its space can be used.
      const count = await removeOldParts(path, this.#period);
      await this.#refreshAll(steps, dropped);
      return count;
    });
    for (const step of steps) {
      const done = step.kind === 'make' ? await this.#make(step, dropped) : step;
      this.#steps.push(done);
      await this.#options.onStep?.(done);
    }
    const summary = await withPublishLock(this.#repo, async () => {
      // Not listed before it is gone.
      const announced = await announceDeltas(this.#repo, dropped);
      for (const { kind, name } of steps) if (kind === 'drop') await withdrawDelta(path, name);
      return announced;
    });
    await writeDeclined(path, this.#declined);
    return { steps: this.#steps, removed, summary };
  }

  /**
   * A superblock that changes is not listed meanwhile, because clients take another checksum than the listed
   * one for an attack.
   */
  async #refreshAll(steps: readonly Step[], dropped: ReadonlySet<string>): Promise<void> {
    const refreshed = steps.filter(({ kind }) => kind === 'refresh');
    if (refreshed.length === 0) return;
    await announceDeltas(this.#repo, new Set([...dropped, ...keysOf(refreshed, 'refresh')]));
    for (const { name } of refreshed) await this.#refresh(name);
    await announceDeltas(this.#repo, dropped);
  }

  async #make(step: Step, dropped: ReadonlySet<string>): Promise<DoneStep> {
    const { name } = step;
    const made = join(this.#scratch.path, deltaKey(name));
    await mkdir(made);
    try {
      await this.#options.make(this.#repo, name, made);
      const bytes = await readFile(join(made, 'superblock'));
      const saving = await this.#meter.measure(parseSuperblock(bytes), bytes.length);
      const of = saving === undefined ? {} : { saving };
      if (saving !== undefined && savedShare(saving) < this.#options.policy.minimumSaving) {
        this.#declined.set(deltaKey(name), saving);
        return { kind: 'decline', name, why: 'it saves too little', ...of };
      }
      if (await withPublishLock(this.#repo, () => this.#publish(name, made, dropped)))
        return { ...step, ...of };
      const why = 'clients may still fetch parts of an earlier one with this name';
      return { kind: 'wait', name, why, ...of };
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  }

  /** False if parts of an earlier delta are in the way. */
  async #publish(name: DeltaName, made: string, dropped: ReadonlySet<string>): Promise<boolean> {
    const placement = await placeDelta(this.#repo.path, name, made, this.#period);
    if (placement === undefined) return false;
    await putDelta(placement);
    await announceDeltas(this.#repo, dropped);
    return true;
  }

  /** The parts stay as they are, so clients with either superblock get what they need. */
  async #refresh(name: DeltaName): Promise<void> {
    const bytes = readSuperblockFile(this.#repo, name);
    const present = bytes === undefined ? undefined : superblockIn(bytes);
    // Another publisher may have changed it since it was examined.
    if (present === undefined) return;
    const superblock = await withCurrentMetadata(this.#repo, present);
    await writeFileAtomic(join(this.#repo.path, superblockPath(name)), serializeSuperblock(superblock));
  }
}

function keysOf(steps: readonly Step[], wanted: StepKind): ReadonlySet<string> {
  return new Set(steps.filter(({ kind }) => kind === wanted).map(({ name }) => deltaKey(name)));
}
