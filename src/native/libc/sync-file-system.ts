/** Makes everything that was written to a file system durable, with syncfs(2), for which Node has no call. */

import { closeSync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import koffi from 'koffi';
import { TreeportError } from '../../base/errors.ts';

type SyncFs = ReturnType<ReturnType<typeof koffi.load>['func']>;

const libc: { syncFs: SyncFs | undefined } = { syncFs: undefined };

/** `path` is any directory in it. Waits on another thread; ERR_IO if a write has failed. */
export async function syncFileSystem(path: string): Promise<void> {
  libc.syncFs ??= koffi.load(null).func('int syncfs(int fd)');
  const descriptor = openSync(path, 'r');
  try {
    const call = promisify(
      libc.syncFs.async as (fd: number, done: (error: Error | null, result: number) => void) => void,
    );
    if ((await call(descriptor)) !== 0)
      throw new TreeportError('ERR_IO', `what was written below ${path} did not reach the disk`);
  } finally {
    closeSync(descriptor);
  }
}
