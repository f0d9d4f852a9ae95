/**
 * Second pass of fsck: rehashes content objects on all cores. This thread takes part, because a worker thread
 * takes 10 MB and this one has nothing else to do. Archive objects are inflated on libuv's pool, so that it
 * keeps two cores busy with them (docs/decisions/0144-threads-and-memory-of-verbs.md).
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Thread } from '../base/thread.ts';
import { openRepo } from '../native/libc/open-repo.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { parseObjectName } from '../ostree/object-name.ts';
import type { ContentReader } from '../ostree/object-source.ts';
import type { RepositoryMode } from '../ostree/repo/open.ts';
import { faultOfContent, readerOf } from './content-fault.ts';
import type { ContentTask } from './content-worker.ts';
import type { Fault } from './fault.ts';
import type { FaultList } from './fault-list.ts';

/** Objects per task: few, so that all threads finish at about the same time. */
const TASK_OBJECTS = 64;
/** Tasks that a worker has, because this thread is busy when it finishes one. */
const TASKS_AHEAD = 2;

type ContentThread = Thread<ContentTask, readonly Fault[]>;

export type ContentThreads = {
  readonly workers: readonly ContentThread[];
  /** Objects that this thread checks at once. */
  readonly here: number;
};

/** For `count` cores. Call before the first pass, because threads take a while to start. */
export function startContentThreads(count: number, mode: RepositoryMode): ContentThreads {
  const here = Math.min(count, mode === 'archive' ? 2 : 1);
  const newWorker = () => new Thread<ContentTask, readonly Fault[]>(import.meta.url, './content-worker');
  return { workers: Array.from({ length: count - here }, newWorker), here };
}

/**
 * `content` are names of content objects. Adds their faults to `faults`. `onProgress` gets the number of
 * objects checked since its last call.
 */
export async function checkContents(
  { workers, here }: ContentThreads,
  repoPath: string,
  content: Iterable<string>,
  options: { readonly faults: FaultList; readonly onProgress: (objects: number) => void },
): Promise<void> {
  // As the workers open it: with a reader of extended attributes.
  const reader = readerOf(await openRepo(repoPath));
  // By task, so that the order of faults does not depend on which thread is faster.
  const waiting = new Map<number, readonly Fault[]>();
  const listed = { tasks: 0 };
  // All threads take their tasks from one iterator.
  const upcoming = contentTasks(content);
  const work = async (check: (checksums: readonly Checksum[]) => Promise<readonly Fault[]>) => {
    for (const { index, checksums } of upcoming) {
      waiting.set(index, await check(checksums));
      for (let next = waiting.get(listed.tasks); next !== undefined; next = waiting.get(listed.tasks)) {
        for (const fault of next) options.faults.add(fault);
        waiting.delete(listed.tasks);
        listed.tasks += 1;
      }
      options.onProgress(checksums.length);
    }
  };
  const onWorkers = workers.flatMap((thread) =>
    Array.from({ length: TASKS_AHEAD }, () => work((checksums) => thread.call({ repoPath, checksums }))),
  );
  const onThis = Array.from({ length: here }, () => work((checksums) => checkHere(reader, checksums)));
  await Promise.all([...onWorkers, ...onThis]);
}

/** Lets the event loop turn after each object, for the answers of the workers and for the program. */
async function checkHere(reader: ContentReader, checksums: readonly Checksum[]): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  for (const checksum of checksums) {
    const fault = await faultOfContent(reader, checksum);
    if (fault !== undefined) faults.push(fault);
    await turn();
  }
  return faults;
}

type NumberedTask = { readonly index: number; readonly checksums: readonly Checksum[] };

function* contentTasks(content: Iterable<string>): Generator<NumberedTask> {
  let checksums: Checksum[] = [];
  let index = 0;
  for (const name of content) {
    checksums.push(parseObjectName(name).checksum);
    if (checksums.length < TASK_OBJECTS) continue;
    yield { index, checksums };
    checksums = [];
    index += 1;
  }
  if (checksums.length > 0) yield { index, checksums };
}
