/** Makes the parts of a planned delta on worker threads, the largest first so that all end together. */
import type { ResourceLimits } from 'node:worker_threads';
import { Thread } from '../../../base/thread.ts';
import type { ProfileName } from '../build/profiles.ts';
import { type DeltaPlan, partSize } from '../plan/delta-plan.ts';
import type { BuiltPart } from './built-part.ts';
import type { PartTask } from './part-worker.ts';

export type BuildPartsOptions = {
  readonly repoPath: string;
  readonly profile: ProfileName;
  readonly threads: number;
  /** Whether to apply each part before it is written. */
  readonly check: boolean;
  /** The file for a part. */
  readonly pathOf: (index: number) => string;
  /** Gets the bytes of content made since its last call. */
  readonly onProgress?: (bytes: number) => void;
};

/** The bytes of objects are outside the heap. */
const HEAP: ResourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256, stackSizeMb: 1 };

/** The parts in the order of the plan; their bytes do not depend on the number of threads. */
export async function buildParts(
  { parts }: DeltaPlan,
  options: BuildPartsOptions,
): Promise<readonly BuiltPart[]> {
  const { repoPath, profile, check, pathOf } = options;
  const count = Math.max(1, Math.min(options.threads, parts.length));
  const threads = Array.from(
    { length: count },
    () => new Thread<PartTask, BuiltPart>(import.meta.url, './part-worker', HEAP),
  );
  const sized = parts.map((plan, index) => ({ plan, index, size: partSize(plan) }));
  const upcoming = sized.toSorted((a, b) => b.size - a.size).values();
  const built: BuiltPart[] = [];
  const failure: { error?: unknown } = {};
  const work = async (thread: Thread<PartTask, BuiltPart>) => {
    for (const { plan, index, size } of upcoming) {
      if ('error' in failure) return;
      built[index] = await thread.call({ repoPath, plan, profile, check, path: pathOf(index) });
      options.onProgress?.(size);
    }
  };
  try {
    await Promise.all(
      threads.map((thread) =>
        work(thread).catch((error) => {
          failure.error ??= error;
        }),
      ),
    );
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
  if ('error' in failure) throw failure.error;
  return built;
}
