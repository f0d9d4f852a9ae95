/** Second pass of fsck: rehashes content objects on all cores. */
import { Thread } from '../base/thread.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { parseObjectName } from '../ostree/object-name.ts';
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

/**
 * `content` are names of content objects. `onProgress` gets the number of objects checked since its last
 * call.
 */
export async function checkContents(
  threads: ContentThreads,
  repoPath: string,
  content: Iterable<string>,
  onProgress: (objects: number) => void,
): Promise<readonly Fault[]> {
  const faults: (readonly Fault[])[] = [];
  // All threads take their tasks from one iterator.
  const upcoming = contentTasks(repoPath, content);
  const work = async (thread: ContentThread) => {
    for (const { index, task } of upcoming) {
      // Indexed by task, so that reports do not depend on which thread is faster.
      faults[index] = await thread.call(task);
      onProgress(task.checksums.length);
    }
  };
  await Promise.all(threads.map(work));
  return faults.flat();
}

type NumberedTask = { readonly index: number; readonly task: ContentTask };

function* contentTasks(repoPath: string, content: Iterable<string>): Generator<NumberedTask> {
  let checksums: Checksum[] = [];
  let index = 0;
  for (const name of content) {
    checksums.push(parseObjectName(name).checksum);
    if (checksums.length < TASK_OBJECTS) continue;
    yield { index, task: { repoPath, checksums } };
    checksums = [];
    index += 1;
  }
  if (checksums.length > 0) yield { index, task: { repoPath, checksums } };
}
