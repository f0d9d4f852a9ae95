/** Locks of whole files and directories, by libc's `flock`: Node has no call for it. */
import koffi from 'koffi';
import type { TryLock } from '../../base/temporary.ts';

/** LOCK_EX | LOCK_NB of Linux. */
const EXCLUSIVE_AT_ONCE = 2 | 4;

const libc: { flock: ((descriptor: number, operation: number) => number) | undefined } = { flock: undefined };

/** Held until the descriptor is closed, at the latest by the end of the process. */
export const tryLock: TryLock = (descriptor) => {
  libc.flock ??= koffi.load(null).func('int flock(int fd, int operation)');
  return libc.flock(descriptor, EXCLUSIVE_AT_ONCE) === 0;
};
