/** The refs that the repository currently offers to clients (see ostree/offered-refs.ts). */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Checksum } from '../../ostree/checksum.ts';
import { loadCommitFacts } from '../../ostree/commit-facts.ts';
import { isPullable, listOfferedRefs, type OfferedRef } from '../../ostree/offered-refs.ts';
import { readRef } from '../../ostree/refs.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { fingerprintOf, Live } from './live-value.ts';
import { refWarnings, WarningLog } from './ref-warnings.ts';

export type OfferedRefs = {
  /** By name, sorted. */
  readonly offered: ReadonlyMap<string, OfferedRef>;
  /** Whether refs are left out because their commits cannot be read. */
  readonly hasSkipped: boolean;
};

export type LiveRefs = {
  get(): Promise<OfferedRefs>;
  /** The commit of one ref. */
  find(name: string): Promise<Checksum | undefined>;
};

export function createLiveRefs(repo: Repository, logger: Logger): LiveRefs {
  const log = new WarningLog(logger);
  const all = new Live<OfferedRefs>(
    () => fingerprintOf([join(repo.path, 'refs/heads'), join(repo.path, 'refs/remotes')]),
    async () => {
      const { options, warnings, skipped } = refWarnings();
      const refs = await listOfferedRefs(repo, options);
      log.set(warnings);
      const hasSkipped = skipped.size > 0;
      const value = { offered: new Map(refs.map((ref) => [ref.name, ref])), hasSkipped };
      // A missing commit may arrive without a change to the refs.
      return { value, settled: !hasSkipped };
    },
  );
  return {
    get: () => all.get(),
    async find(name) {
      // Most requests are for heads, which can be read without listing all refs.
      const own = await readRef(repo, 'refs/heads', name);
      if (own !== undefined && (await isOffered(repo, name, own))) return own;
      return (await all.get()).offered.get(name)?.commit;
    },
  };
}

async function isOffered(repo: Repository, name: string, commit: Checksum): Promise<boolean> {
  try {
    const { binding } = await loadCommitFacts(repo.objects, commit);
    return isPullable({ name, binding });
  } catch {
    return false;
  }
}
