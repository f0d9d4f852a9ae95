/**
 * Makes static deltas for the published repo of a mirror image. They are made from the source repository, so
 * their base need not be in the image. A delta that the source has was copied before (copy-deltas.ts), and is
 * not made again.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isTreeportError, type Warn } from '../base/errors.ts';
import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import { readHistory } from '../delta/maintain/history.ts';
import { type Saving, savedShare } from '../delta/maintain/plan.ts';
import { DEFAULT_MINIMUM_SAVING, readPolicyFile } from '../delta/maintain/policy.ts';
import { SavingMeter } from '../delta/maintain/saving.ts';
import { type RefHistory, wantedDeltas } from '../delta/maintain/wanted.ts';
import { announceDeltas } from '../delta/static/announce-deltas.ts';
import type { ProfileName } from '../delta/static/build/profiles.ts';
import { DEFAULT_GRACE, placeDelta, putDelta } from '../delta/static/delta-files.ts';
import { generateDelta } from '../delta/static/generate/generate-delta.ts';
import { parseSuperblock } from '../delta/static/superblock.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { listDeltas } from '../ostree/delta-list.ts';
import { type DeltaName, deltaKey } from '../ostree/delta-name.ts';
import { type Keyfile, parseKeyfile } from '../ostree/keyfile.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { resolveRevision } from '../ostree/revision.ts';
import type { DeltaChoice } from './delta-choice.ts';
import type { Publication } from './published-refs.ts';

export type StoredDeltasOptions = {
  readonly choices: readonly DeltaChoice[];
  readonly publication: Publication;
  readonly warn: Warn;
  /** Receives each delta that was made. */
  readonly onDelta?: (made: StoredDelta) => void;
};

export type StoredDelta = {
  readonly name: DeltaName;
  readonly saving: Saving;
  /** False if it saves too little, so that the image is without it. */
  readonly isKept: boolean;
};

type Planned = {
  readonly name: DeltaName;
  readonly minimumSaving: number;
  readonly profile: ProfileName;
  /** Nobody asked for it, so the image is made without it if it cannot be made. */
  readonly isOptional: boolean;
};

const NO_MINIMUM = Number.NEGATIVE_INFINITY;
/** Clients fetch a mirror's delta often. */
const PROFILE = 'fast';
/** A commit and its parent. */
const PARENT_DEPTH = 2;

/** Adds the deltas to the finished published repo at `path`, and announces them. */
export async function storeDeltas(
  source: Repository,
  path: string,
  options: StoredDeltasOptions,
): Promise<void> {
  const present = new Set((await listDeltas(path)).map(({ name }) => deltaKey(name)));
  const planned = (await planStored(source, options)).filter(({ name }) => !present.has(deltaKey(name)));
  const meter = new SavingMeter(source);
  const kept: DeltaName[] = [];
  for (const plan of planned) {
    const stored = await unlessOptional(plan, options.warn, () => store(source, path, plan, meter));
    if (stored === undefined) continue;
    options.onDelta?.(stored);
    if (stored.isKept) kept.push(stored.name);
  }
  if (kept.length === 0) return;
  if ((await announceDeltas(await publishedRepo(source, path))) === 'signed')
    options.warn(
      'the summary is signed, so it does not list the deltas that were made; the delta index does',
    );
}

/** The published repo as clients see it: its parent is in the image, so the objects are the source's. */
async function publishedRepo(source: Repository, path: string): Promise<Repository> {
  const config = parseKeyfile(await readFile(join(path, 'config'), 'utf8')) as Keyfile;
  const { objects, metadataFrom } = source;
  return { path, mode: 'archive', config, objects, parent: undefined, metadataFrom, ready: undefined };
}

/** Each delta once; the first choice that wants it decides. */
async function planStored(
  source: Repository,
  { choices, publication }: StoredDeltasOptions,
): Promise<readonly Planned[]> {
  const planned = new Map<string, Planned>();
  for (const choice of choices) {
    const isDeep = choice.kind === 'from' || choice.kind === 'policy';
    const histories = await historiesOf(source, publication, isDeep ? undefined : PARENT_DEPTH);
    for (const plan of await plansFor(choice, source, histories)) {
      const key = deltaKey(plan.name);
      if (!planned.has(key)) planned.set(key, plan);
    }
  }
  return [...planned.values()];
}

/** Of the published commits under each of their names, and once without a name. */
async function historiesOf(
  source: Repository,
  { commits, refs }: Publication,
  depth: number | undefined,
): Promise<readonly RefHistory[]> {
  const histories: RefHistory[] = [];
  for (const commit of commits) {
    const history = await readHistory(source, commit, depth);
    const names = refs.filter((ref) => ref.commit === commit).map(({ name }) => name);
    for (const ref of names.length > 0 ? names : ['']) histories.push({ ref, commits: history });
  }
  return histories;
}

async function plansFor(
  choice: DeltaChoice,
  source: Repository,
  histories: readonly RefHistory[],
): Promise<readonly Planned[]> {
  const explicit = { minimumSaving: NO_MINIMUM, profile: PROFILE, isOptional: false } as const;
  switch (choice.kind) {
    case 'parent': {
      const names = histories.flatMap(({ commits: [to, from] }) =>
        to === undefined || from === undefined ? [] : [{ from: from.checksum, to: to.checksum }],
      );
      const minimumSaving = DEFAULT_MINIMUM_SAVING;
      return names.map((name) => ({ ...explicit, name, minimumSaving, isOptional: true }));
    }
    // store-virtual-deltas.ts
    case 'virtual':
      return [];
    case 'scratch':
      return tipsOf(histories).map((to) => ({ ...explicit, name: { from: undefined, to } }));
    case 'from': {
      const from = await resolveRevision(source, choice.revision);
      const after = histories.filter(({ commits: [, ...before] }) =>
        before.some(({ checksum }) => checksum === from),
      );
      const tips = tipsOf(after.length > 0 ? after : histories.slice(0, 1)).filter((to) => to !== from);
      return tips.map((to) => ({ ...explicit, name: { from, to } }));
    }
    case 'policy': {
      const policy = readPolicyFile(choice.file);
      const { minimumSaving, profile } = policy;
      const { deltas } = wantedDeltas(policy, histories);
      return deltas.map(({ name }) => ({ name, minimumSaving, profile, isOptional: false }));
    }
  }
}

function tipsOf(histories: readonly RefHistory[]): readonly Checksum[] {
  return [...new Set(histories.flatMap(({ commits: [tip] }) => (tip === undefined ? [] : [tip.checksum])))];
}

async function unlessOptional<T>(
  { name, isOptional }: Planned,
  warn: Warn,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isOptional || !isTreeportError(error)) throw error;
    warn(`the image is made without the delta from ${name.from}: ${error.message}`);
    return undefined;
  }
}

async function store(
  source: Repository,
  path: string,
  { name, minimumSaving, profile }: Planned,
  meter: SavingMeter,
): Promise<StoredDelta | undefined> {
  return withTemporaryDirectory(async (directory) => {
    const filename = join(directory, 'superblock');
    const from = name.from === undefined ? {} : { from: name.from };
    await generateDelta(source, { to: name.to, ...from, profile, filename });
    const bytes = await readFile(filename);
    const saving = await meter.measure(parseSuperblock(bytes), bytes.length);
    if (saving === undefined) return undefined;
    const isKept = savedShare(saving) >= minimumSaving;
    if (isKept) {
      await mkdir(join(path, 'deltas'), { recursive: true });
      const placement = await placeDelta(path, name, directory, { grace: DEFAULT_GRACE, now: Date.now() });
      if (placement === undefined) return undefined;
      await putDelta(placement);
    }
    return { name, saving, isKept };
  });
}
