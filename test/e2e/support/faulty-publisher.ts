/**
 * A process that has test/support/write-faults.c preloaded: generates or maintains a delta again and again,
 * each time in a new copy of a repository and with another call failing. After each it runs once more without
 * a fault. Prints a PublishAttempt for each as a line of JSON.
 */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isTreeportError } from '../../../src/base/errors.ts';
import { maintainDeltas } from '../../../src/delta/maintain/maintain.ts';
import { parseDeltaPolicy } from '../../../src/delta/maintain/policy.ts';
import { checkDeltaIndex } from '../../../src/delta/static/check-index.ts';
import { generateDelta } from '../../../src/delta/static/generate/generate-delta.ts';
import { openStoredDelta } from '../../../src/delta/static/open-delta.ts';
import { verifyDelta } from '../../../src/delta/static/verify-delta.ts';
import { tryLock } from '../../../src/native/libc/file-lock.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { deltaNames } from '../../../src/ostree/delta-list.ts';
import { superblockPath } from '../../../src/ostree/delta-name.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { type Fault, type FaultJob, failInTurn } from './fail-in-turn.ts';

export type PublisherJob = FaultJob & {
  readonly verb: 'generate' | 'maintain';
  /** For the copies. */
  readonly folder: string;
  /** An archive repository, and two commits in it. */
  readonly source: string;
  readonly from: Checksum;
  readonly to: Checksum;
};

export type PublishAttempt = Fault & {
  /** `CODE message` of the run, or `published`. */
  readonly outcome: string;
  /** `CODE message` of what a client that pulls after it finds, or `sound`; and after the run after it. */
  readonly found: string;
  readonly next: string;
  readonly foundNext: string;
  readonly deltasNext: number;
  /** What is left in `tmp`. */
  readonly left: readonly string[];
};

const PARTS = { maxChunkBytes: 100_000, threads: 1 } as const;

async function publish(path: string): Promise<string> {
  const { from, to, verb } = job;
  return outcomeOf('published', async () => {
    const repo = await openRepository(path);
    if (verb === 'generate') await generateDelta(repo, { from, to, ...PARTS });
    else
      await maintainDeltas(repo, {
        policy: parseDeltaPolicy('[deltas]\nminimum-saving=0\n[refs "**"]\nfrom-last=1\n', 'policy'),
        make: async (_repo, name, directory) =>
          void (await generateDelta(repo, {
            to: name.to,
            ...(name.from === undefined ? {} : { from: name.from }),
            ...PARTS,
            filename: join(directory, 'superblock'),
          })),
        tryLock,
        isDryRun: false,
        now: Date.now(),
      });
  });
}

/** Every delta that is visible is whole, and listed as it is or not at all. */
function inspect(path: string): Promise<string> {
  return outcomeOf('sound', async () => {
    const repo = await openRepository(path);
    for (const name of deltaNames(path)) {
      if (!existsSync(join(path, superblockPath(name)))) continue;
      const delta = openStoredDelta(path, name);
      checkDeltaIndex(path, name, delta.file);
      await verifyDelta(delta, repo.objects);
    }
  });
}

async function outcomeOf(good: string, work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return good;
  } catch (error) {
    return isTreeportError(error) ? `${error.code} ${error.message}` : String(error);
  }
}

const job = JSON.parse(process.argv[2] ?? '') as PublisherJob;
await failInTurn(job, async (nth) => {
  const path = join(job.folder, `${job.verb}-${job.kind}-${nth}`);
  cpSync(job.source, path, { recursive: true });
  return {
    below: path,
    run: () => publish(path),
    async found(outcome, fault): Promise<PublishAttempt> {
      const found = await inspect(path);
      const next = await publish(path);
      const left = readdirSync(join(path, 'tmp'));
      const deltasNext = [...deltaNames(path)].length;
      return { ...fault, outcome, found, next, foundNext: await inspect(path), deltasNext, left };
    },
  };
});
