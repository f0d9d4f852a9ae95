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
  const faults: Fault[] = [];
  const tasks = contentTasks(repoPath, [...content]).values();
  const work = async (thread: ContentThread) => {
    for (const task of tasks) {
      faults.push(...(await thread.call(task)));
      onProgress(task.checksums.length);
    }
  };
  await Promise.all(threads.map(work));
  return faults;
}

function contentTasks(repoPath: string, checksums: readonly Checksum[]): readonly ContentTask[] {
  const count = Math.ceil(checksums.length / TASK_OBJECTS);
  return Array.from({ length: count }, (_, index) => ({
    repoPath,
    checksums: checksums.slice(index * TASK_OBJECTS, (index + 1) * TASK_OBJECTS),
  }));
}
