/** Second pass of fsck: rehashes content objects on all cores. */
import { Thread } from '../base/thread.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ContentTask } from './content-worker.ts';
import type { Fault } from './fault.ts';

/** Objects a worker gets at a time: few enough that the last ones finish together. */
const TASK_OBJECTS = 64;

type ContentThread = Thread<ContentTask, readonly Fault[]>;

export type ContentThreads = readonly ContentThread[];

/** Starts the threads, which takes a while: before the first pass, so that they are ready after it. */
export function startContentThreads(count: number): ContentThreads {
  return Array.from({ length: count }, () => new Thread(import.meta.url, './content-worker'));
}

/** `onProgress` is called with the number of objects done since the last call. */
export async function checkContents(
  threads: ContentThreads,
  repoPath: string,
  content: ReadonlySet<Checksum>,
  onProgress: (objects: number) => void,
): Promise<readonly Fault[]> {
  const tasks = contentTasks(repoPath, [...content]);
  const faults: (readonly Fault[])[] = [];
  // One iterator, from which each thread takes its next task.
  const upcoming = tasks.entries();
  const work = async (thread: ContentThread) => {
    for (const [index, task] of upcoming) {
      // By the order of the tasks: which thread is faster must not show in a report.
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
