/** Locks files and directories with flock(2), for which Node has no call. */
import koffi from 'koffi';
import type { TryLock } from '../../base/temporary.ts';

/** LOCK_EX | LOCK_NB of Linux. */
const EXCLUSIVE_AT_ONCE = 2 | 4;

const libc: { flock: ((descriptor: number, operation: number) => number) | undefined } = { flock: undefined };

/** The lock is released when the descriptor is closed, at the latest on exit. */
export const tryLock: TryLock = (descriptor) => {
  libc.flock ??= koffi.load(null).func('int flock(int fd, int operation)');
  return libc.flock(descriptor, EXCLUSIVE_AT_ONCE) === 0;
};
