/** Second pass of fsck: rehashes content objects on all cores. */
import { Thread } from '../base/thread.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ContentTask } from './content-worker.ts';
import type { Fault } from './fault.ts';

/** Objects per task: few, so that all workers finish at about the same time. */
const TASK_OBJECTS = 64;

type ContentThread = Thread<ContentTask, readonly Fault[]>;

export type ContentThreads = readonly ContentThread[];

/** Call before the first pass, because threads take a while to start. */
export function startContentThreads(count: number): ContentThreads {
  return Array.from({ length: count }, () => new Thread(import.meta.url, './content-worker'));
}

/** `onProgress` gets the number of objects checked since its last call. */
export async function checkContents(
  threads: ContentThreads,
  repoPath: string,
  content: ReadonlySet<Checksum>,
  onProgress: (objects: number) => void,
): Promise<readonly Fault[]> {
  const tasks = contentTasks(repoPath, [...content]);
  const faults: (readonly Fault[])[] = [];
  // All threads take their tasks from one iterator.
  const upcoming = tasks.entries();
  const work = async (thread: ContentThread) => {
    for (const [index, task] of upcoming) {
      // Indexed by task, so that reports do not depend on which thread is faster.
      faults[index] = await thread.call(task);
      onProgress(task.checksums.length);
    }
  };
  await Promise.all(threads.map(work));
  return faults.flat();
}

function contentTasks(repoPath: string, checksums: readonly Checksum[]): readonly ContentTask[] {
  const count = Math.ceil(checksums.length / TASK_OBJECTS);
  return Array.from({ length: count }, (_, index) => ({
    repoPath,
    checksums: checksums.slice(index * TASK_OBJECTS, (index + 1) * TASK_OBJECTS),
  }));
}
