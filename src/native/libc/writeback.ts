/** Starts writing a file's dirty pages to disk with sync_file_range(2), for which Node has no call. */
import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';
import { errnoOf } from '../../base/errors.ts';

/** SYNC_FILE_RANGE_WRITE: starts the writes and does not wait for them. */
const START = 2;

type SyncFileRange = (descriptor: number, offset: number, length: number, flags: number) => number;

const libc: { syncFileRange: SyncFileRange | undefined } = { syncFileRange: undefined };

/**
 * Best effort: it makes nothing durable. A file that does not exist is ignored. The kernel keeps an error of
 * such a write for the next sync.
 */
export function startWriteback(path: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    startWritebackOf(descriptor);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The same for an open file. */
export function startWritebackOf(descriptor: number): void {
  libc.syncFileRange ??= koffi
    .load(null)
    .func('int sync_file_range(int fd, int64_t offset, int64_t nbytes, unsigned int flags)') as SyncFileRange;
  libc.syncFileRange(descriptor, 0, 0, START);
}
