/**
 * The locks that programs hold while they publish deltas: seconds, because deltas are made before.
 *
 * * `deltas` of the repository, exclusively: one treeport at a time compares, moves and announces.
 * * libostree's `.lock`, shared: no `ostree prune` removes the commit meanwhile. Commits, pulls and
 *   `ostree summary -u`, which share it as well, go on.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeError } from '../../base/atomic-file.ts';
import { TreeportError } from '../../base/errors.ts';
import { tryLock } from '../../native/libc/file-lock.ts';
import { tryShare } from '../../native/libc/shared-lock.ts';
import { keyfileBoolean } from '../../ostree/keyfile.ts';
import type { Repository } from '../../ostree/repo/open.ts';

/** libostree's default for its own locks. */
const PATIENCE_MS = 300_000;
const INTERVAL_MS = 100;

export type PublishLockOptions = {
  /** Milliseconds to wait for other programs. */
  readonly patience?: number;
};

/** Runs `work` under the locks. ERR_DELTA_BUSY if another program holds one for too long; ERR_IO. */
export async function withPublishLock<Result>(
  repo: Pick<Repository, 'path' | 'config'>,
  work: () => Promise<Result>,
  { patience = PATIENCE_MS }: PublishLockOptions = {},
): Promise<Result> {
  const end = performance.now() + patience;
  const deltas = join(repo.path, 'deltas');
  const own = await locked(deltas, end, () => lockDeltas(deltas));
  try {
    if (keyfileBoolean(repo.config, 'core', 'locking') === false) return await work();
    const file = join(repo.path, '.lock');
    const shared = await locked(file, end, () => shareFile(file));
    try {
      return await work();
    } finally {
      closeSync(shared);
    }
  } finally {
    closeSync(own);
  }
}

/** Tries until `end`, because waiting in the kernel would occupy the thread. */
async function locked(
  path: string,
  end: number,
  attempt: () => Promise<number | undefined>,
): Promise<number> {
  for (;;) {
    const descriptor = await attempt().catch((error: unknown) => {
      throw writeError(error, path);
    });
    if (descriptor !== undefined) return descriptor;
    if (performance.now() >= end)
      throw new TreeportError(
        'ERR_DELTA_BUSY',
        `another program holds the lock of ${path}; wait until it ends, and run this again`,
      );
    await delay(INTERVAL_MS);
  }
}

/** The directory itself is locked, so that no file is left behind. Another one may have taken its place. */
async function lockDeltas(path: string): Promise<number | undefined> {
  await mkdir(path, { recursive: true });
  const descriptor = openSync(path, 'r');
  if (tryLock(descriptor) && fstatSync(descriptor).ino === statSync(path, { throwIfNoEntry: false })?.ino)
    return descriptor;
  closeSync(descriptor);
  return undefined;
}

async function shareFile(path: string): Promise<number | undefined> {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  if (tryShare(descriptor)) return descriptor;
  closeSync(descriptor);
  return undefined;
}
