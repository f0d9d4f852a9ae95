/**
 * Checks a repository: reads and rehashes every commit in it (or the given ones) and every object that they
 * need; metadata first, on this thread, then content on all cores. Partial commits are counted and skipped,
 * as `ostree fsck` does. Files below `refs` that are not valid refs are reported as well.
 */
import { availableParallelism } from 'node:os';
import type { Checksum } from '../ostree/checksum.ts';
import { isPartial } from '../ostree/partial.ts';
import type { DamagedRef } from '../ostree/refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { allCommits } from './all-commits.ts';
import { checkContents, startContentThreads } from './content-pass.ts';
import type { LocatedFault } from './fault.ts';
import { type FaultCounts, FaultList } from './fault-list.ts';
import { locateFaults } from './locate.ts';
import { runMetadataPass } from './metadata-pass.ts';

export type FsckOptions = {
  /** Default: every commit in the repository, every commit that a ref names, and the refs themselves. */
  readonly commits?: readonly Checksum[];
  /**
   * Cores that verify content. This thread takes part, and lets the event loop turn between two objects.
   * Default: all.
   */
  readonly threads?: number;
  /** Called after each batch with the objects checked and their total. */
  readonly onProgress?: (done: number, total: number) => void;
};

export type FsckReport = {
  readonly commits: number;
  readonly partialCommits: number;
  /** Objects checked. */
  readonly objects: number;
  /** The first `MAX_LISTED_FAULTS` (fault-list.ts). */
  readonly faults: readonly LocatedFault[];
  /** Of all faults. */
  readonly counts: FaultCounts;
  readonly damagedRefs: readonly DamagedRef[];
};

/** Verifies every object that commits reach, on worker threads; faults are reported, not thrown. */
export async function fsck(repo: Repository, options: FsckOptions = {}): Promise<FsckReport> {
  const threads = startContentThreads(options.threads ?? availableParallelism(), repo.mode);
  try {
    const damagedRefs: DamagedRef[] = [];
    const all = [...(options.commits ?? (await allCommits(repo, (damaged) => damagedRefs.push(damaged))))];
    const commits = all.filter((commit) => !isPartial(repo, commit));
    const found = new FaultList();
    const metadata = await runMetadataPass(repo.objects, commits, found);
    const total = metadata.metadataCount + metadata.content.size;
    const progress = { done: metadata.metadataCount };
    const onProgress = (objects: number) => {
      progress.done += objects;
      options.onProgress?.(progress.done, total);
    };
    await checkContents(threads, repo.path, metadata.content, { faults: found, onProgress });
    const faults = await locateFaults(repo.objects, commits, found.listed);
    const { counts } = found;
    const partialCommits = all.length - commits.length;
    return { commits: commits.length, partialCommits, objects: total, faults, counts, damagedRefs };
  } finally {
    await Promise.all(threads.workers.map((worker) => worker.close()));
  }
}
