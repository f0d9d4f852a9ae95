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
import { loadFaults } from '../../support/write-faults.ts';
import { type Fault, type FaultJob, failInTurn } from './fail-in-turn.ts';

export type FaultyJob = FaultJob & {
  /** For the repositories. */
  readonly folder: string;
  readonly mode: WritableMode;
  /** An archive repository, and a commit in it. */
  readonly source: string;
  readonly commit: Checksum;
  /** The file system lets files share blocks. */
  readonly clones?: boolean;
};

export type Attempt = Fault & {
  readonly repo: string;
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
const source = { repo: await readRepo(job.source), commit: parseChecksum(job.commit) };
loadFaults().clone(job.clones ?? false);
await failInTurn(
  job,
  async (nth) => {
    const repo = newRepo(nth);
    return {
      below: repo,
      run: () => importInto(repo, source),
      async found(outcome, fault): Promise<Attempt> {
        const hasRef = existsSync(join(repo, 'refs/heads/os'));
        const isPartial = readdirSync(join(repo, 'state')).length > 0;
        return { ...fault, repo, outcome, hasRef, isPartial, next: await importInto(repo, source) };
      },
    };
  },
  manyAtTheEnd,
);

/** Half of them at the end, which are the commit and the ref; the others spread over the rest. */
function manyAtTheEnd(calls: number, most: number): readonly number[] {
  const head = Array.from({ length: calls }, (_, index) => index + 1);
  const tail = head.splice(-most / 2);
  const stride = Math.ceil(head.length / (most / 2));
  return [...head.filter((_, index) => index % stride === 0), ...tail];
}
