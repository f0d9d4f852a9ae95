/** Second pass of fsck: rehashes content objects on all cores. */
import { Piscina } from 'piscina';
import { workerFile } from '../base/worker-file.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ContentTask } from './content-worker.ts';
import type { Fault } from './fault.ts';

/** Objects a worker gets at a time: few enough that the last ones finish together. */
const TASK_OBJECTS = 64;

export type ContentPool = Piscina<ContentTask, readonly Fault[]>;

/** Starts the threads, which takes a while: before the first pass, so that they are ready after it. */
export function startContentPool(threads: number): ContentPool {
  return new Piscina({
    filename: workerFile(import.meta.url, './content-worker'),
    minThreads: threads,
    maxThreads: threads,
  });
}

/** `onProgress` is called with the number of objects done since the last call. */
export async function checkContents(
  pool: ContentPool,
  repoPath: string,
  content: ReadonlySet<Checksum>,
  onProgress: (objects: number) => void,
): Promise<readonly Fault[]> {
  const results = contentTasks(repoPath, [...content]).map(async (task) => {
    const faults = await pool.run(task);
    onProgress(task.checksums.length);
    return faults;
  });
  return (await Promise.all(results)).flat();
}

function contentTasks(repoPath: string, checksums: readonly Checksum[]): readonly ContentTask[] {
  const count = Math.ceil(checksums.length / TASK_OBJECTS);
  return Array.from({ length: count }, (_, index) => ({
    repoPath,
    checksums: checksums.slice(index * TASK_OBJECTS, (index + 1) * TASK_OBJECTS),
  }));
}
