/**
 * A process that has test/support/write-faults.c preloaded: imports a commit again and again, each time into
 * a new repository and with another call failing. After each it imports once more without a fault. Prints an
 * Attempt for each as a line of JSON.
 */
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isTreeportError } from '../../../src/base/errors.ts';
import { LibostreeRepo, type WritableMode } from '../../../src/native/ostree/repository.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import type { Transaction } from '../../../src/native/ostree/transaction.ts';
import { type Checksum, parseChecksum } from '../../../src/ostree/checksum.ts';
import { giveCommit, makeRepo, readRepo, type SourceCommit } from '../../support/libostree.ts';
import { type FaultError, type FaultKind, loadFaults } from '../../support/write-faults.ts';

export type FaultyJob = {
  /** For the repositories. */
  readonly folder: string;
  readonly mode: WritableMode;
  /** An archive repository, and a commit in it. */
  readonly source: string;
  readonly commit: Checksum;
  readonly kind: FaultKind;
  /** Taken in turns. */
  readonly errors: readonly FaultError[];
  /** How many of the calls fail at most: half of them at the end, the others spread over the rest. */
  readonly most: number;
  /** The file system lets files share blocks. */
  readonly clones?: boolean;
};

export type Attempt = {
  readonly repo: string;
  readonly error: FaultError;
  /** The call that failed, with its path. */
  readonly call: string;
  /** `CODE message` of the import, or `imported`. */
  readonly outcome: string;
  /** Whether there was a ref, and a commit that is marked partial. */
  readonly hasRef: boolean;
  readonly isPartial: boolean;
  /** The outcome of the import after it. */
  readonly next: string;
};

function newRepo(nth: number): string {
  const repo = join(job.folder, `${job.mode}-${job.kind}-${nth}`);
  makeRepo(repo, job.mode).close();
  if (job.kind !== 'syncs') appendFileSync(join(repo, 'config'), 'fsync=false\n');
  return repo;
}

/** How many calls an import makes. */
async function countCalls(source: SourceCommit): Promise<number> {
  const repo = newRepo(0);
  faults.arm(repo, job.kind, 0, 'EIO');
  await importInto(repo, source);
  return faults.disarm();
}

/** Undefined if there were fewer calls this time. */
async function attempt(source: SourceCommit, nth: number): Promise<Attempt | undefined> {
  const repo = newRepo(nth);
  const error = job.errors[nth % job.errors.length] as FaultError;
  faults.arm(repo, job.kind, nth, error);
  const outcome = await importInto(repo, source);
  faults.disarm();
  if (faults.last() === '') return undefined;
  const hasRef = existsSync(join(repo, 'refs/heads/os'));
  const isPartial = readdirSync(join(repo, 'state')).length > 0;
  const next = await importInto(repo, source);
  return { repo, error, call: faults.last(), outcome, hasRef, isPartial, next };
}

async function importInto(path: string, source: SourceCommit): Promise<string> {
  let transaction: Transaction | undefined;
  try {
    using repo = LibostreeRepo.open(path);
    transaction = await startTransaction(repo, { threads: 2 });
    await giveCommit(transaction, source);
    transaction.setRef('os', source.commit);
    await transaction.commit();
    return 'imported';
  } catch (error) {
    return isTreeportError(error) ? `${error.code} ${error.message}` : String(error);
  } finally {
    await transaction?.abort().catch(() => {});
  }
}

const job = JSON.parse(process.argv[2] ?? '') as FaultyJob;
const faults = loadFaults();
const source = { repo: await readRepo(job.source), commit: parseChecksum(job.commit) };
faults.clone(job.clones ?? false);
const calls = await countCalls(source);
const head = Array.from({ length: calls }, (_, index) => index + 1);
// The last calls end the import: the commit, and the ref.
const tail = head.splice(-job.most / 2);
const stride = Math.ceil(head.length / (job.most / 2));
for (const nth of [...head.filter((_, index) => index % stride === 0), ...tail]) {
  const result = await attempt(source, nth);
  if (result !== undefined) console.log(JSON.stringify(result));
}
