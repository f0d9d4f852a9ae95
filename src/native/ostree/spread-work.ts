/** Spreads work on named objects over the write threads, which read the objects themselves. */
import type { ObjectName } from '../../ostree/object-name.ts';
import type { WriteWork } from './write-threads.ts';
import type { Writers } from './writers.ts';

/** Objects per request. */
const NAMED_OBJECTS = 64;

/** None of the work runs any more when this resolves or rejects with the first error. */
export async function spreadWork(
  writers: Writers,
  names: readonly ObjectName[],
  work: (some: readonly ObjectName[]) => WriteWork,
): Promise<void> {
  const tasks = Array.from({ length: Math.ceil(names.length / NAMED_OBJECTS) }, (_, index) =>
    names.slice(index * NAMED_OBJECTS, (index + 1) * NAMED_OBJECTS),
  );
  const results = await Promise.allSettled(tasks.map((some) => writers.run(work(some))));
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
}
