/** Second pass of fsck: rehashes content objects on all cores. */
import { Piscina } from 'piscina';
import { workerFile } from '../base/worker-file.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ContentTask } from './content-worker.ts';
import type { Fault } from './fault.ts';

/** Objects a worker gets at a time: few enough that the last ones finish together. */
const TASK_OBJECTS = 64;

export type ContentPassOptions = {
  readonly threads: number;
  /** Called with the number of objects done since the last call. */
  readonly onProgress: (objects: number) => void;
};

export async function checkContents(
  repoPath: string,
  content: ReadonlySet<Checksum>,
  options: ContentPassOptions,
): Promise<readonly Fault[]> {
  const tasks = contentTasks(repoPath, [...content]);
  if (tasks.length === 0) return [];
  const threads = Math.min(options.threads, tasks.length);
  const pool = new Piscina({
    filename: workerFile(import.meta.url, './content-worker'),
    minThreads: threads,
    maxThreads: threads,
  });
  try {
    const results = tasks.map(async (task) => {
      const faults: readonly Fault[] = await pool.run(task);
      options.onProgress(task.checksums.length);
      return faults;
    });
    return (await Promise.all(results)).flat();
  } finally {
    await pool.destroy();
  }
}

function contentTasks(repoPath: string, checksums: readonly Checksum[]): readonly ContentTask[] {
  const count = Math.ceil(checksums.length / TASK_OBJECTS);
  return Array.from({ length: count }, (_, index) => ({
    repoPath,
    checksums: checksums.slice(index * TASK_OBJECTS, (index + 1) * TASK_OBJECTS),
  }));
}
