/** Second pass of fsck: rehashes content objects on all cores. */
import { Thread } from '../base/thread.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { parseObjectName } from '../ostree/object-name.ts';
import type { ContentTask } from './content-worker.ts';
import type { Fault } from './fault.ts';
import type { FaultList } from './fault-list.ts';

/** Objects per task: few, so that all workers finish at about the same time. */
const TASK_OBJECTS = 64;

type ContentThread = Thread<ContentTask, readonly Fault[]>;

export type ContentThreads = readonly ContentThread[];

/** Call before the first pass, because threads take a while to start. */
export function startContentThreads(count: number): ContentThreads {
  return Array.from({ length: count }, () => new Thread(import.meta.url, './content-worker'));
}

/**
 * `content` are names of content objects. Adds their faults to `faults`. `onProgress` gets the number of
 * objects checked since its last call.
 */
export async function checkContents(
  threads: ContentThreads,
  repoPath: string,
  content: Iterable<string>,
  options: { readonly faults: FaultList; readonly onProgress: (objects: number) => void },
): Promise<void> {
  // By task, so that the order of faults does not depend on which thread is faster.
  const waiting = new Map<number, readonly Fault[]>();
  const listed = { tasks: 0 };
  // All threads take their tasks from one iterator.
  const upcoming = contentTasks(repoPath, content);
  const work = async (thread: ContentThread) => {
    for (const { index, task } of upcoming) {
      waiting.set(index, await thread.call(task));
      for (let next = waiting.get(listed.tasks); next !== undefined; next = waiting.get(listed.tasks)) {
        for (const fault of next) options.faults.add(fault);
        waiting.delete(listed.tasks);
        listed.tasks += 1;
      }
      options.onProgress(task.checksums.length);
    }
  };
  await Promise.all(threads.map(work));
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
