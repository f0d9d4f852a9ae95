/**
 * Computes the checksums of a root filesystem's content objects: each file is read once, on all processors.
 */
import { availableParallelism } from 'node:os';
import { Thread } from '../../base/thread.ts';
import { type Checksum, checksumOf } from '../../ostree/checksum.ts';
import { hashedHeader } from '../../ostree/file-header.ts';
import { serializeXattrs } from '../../ostree/xattrs.ts';
import type { HashTask } from './hash-worker.ts';
import { headerOf, nodesOf, type RootDirectory, type RootFile, type RootSymlink } from './root-tree.ts';

export type RootContent = RootFile | RootSymlink;

export type HashOptions = {
  /** Default: the number of processors, at most eight. */
  readonly threads?: number;
  /** Receives the number of bytes that were read since the last call. */
  readonly onProgress?: (bytes: number) => void;
};

/** Enough that a hop between threads is cheap, few enough that all threads end at about the same time. */
const TASK_FILES = 128;
const TASK_BYTES = 8 * 1024 * 1024;
const MAX_THREADS = 8;

/** The id of each file and symlink, by its node. ERR_ROOTFS_CHANGED, ERR_IO, ERR_FILE_UNSAFE. */
export async function hashFiles(
  root: RootDirectory,
  { threads = Math.min(availableParallelism(), MAX_THREADS), onProgress = () => {} }: HashOptions = {},
): Promise<ReadonlyMap<RootContent, Checksum>> {
  const checksums = new Map<RootContent, Checksum>();
  const files = new Set<RootFile>();
  for (const { node } of nodesOf(root)) {
    if (node.kind === 'file') files.add(node);
    else if (node.kind === 'symlink') checksums.set(node, checksumOf(hashedStart(node)));
  }
  const workers = Array.from({ length: threads }, () => newThread());
  const tasks = tasksOf(files);
  try {
    await Promise.all(
      workers.map(async (worker) => {
        // All threads take their tasks from one iterator.
        for (const task of tasks) {
          const ids = await worker.call(
            task.map((file) => ({ place: file.place, size: file.size, header: hashedStart(file) })),
          );
          for (const [index, file] of task.entries()) checksums.set(file, ids[index] as Checksum);
          onProgress(bytesOf(task));
        }
      }),
    );
  } finally {
    for (const worker of workers) void worker.close();
  }
  return checksums;
}

function newThread(): Thread<HashTask, readonly Checksum[]> {
  return new Thread(import.meta.url, './hash-worker');
}

function hashedStart(node: RootContent): Buffer {
  return hashedHeader(headerOf(node, serializeXattrs(node.xattrs)));
}

function* tasksOf(files: Iterable<RootFile>): Generator<readonly RootFile[]> {
  let task: RootFile[] = [];
  let bytes = 0;
  for (const file of files) {
    task.push(file);
    bytes += file.size;
    if (task.length < TASK_FILES && bytes < TASK_BYTES) continue;
    yield task;
    task = [];
    bytes = 0;
  }
  if (task.length > 0) yield task;
}

function bytesOf(files: readonly RootFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
