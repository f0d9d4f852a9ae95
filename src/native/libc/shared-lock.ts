/**
 * Shared locks that libostree respects: locks of an open file description (fcntl(2)), or flock(2) where the
 * file system or kernel has none. Source: libostree's do_repo_lock in ostree-repo.c, struct flock of 64-bit
 * Linux.
 */
import koffi from 'koffi';

/** F_OFD_SETLK, F_RDLCK, SEEK_SET, LOCK_SH | LOCK_NB of Linux. */
const SET_AT_ONCE = 37;
const READ = 0;
const FROM_START = 0;
const SHARED_AT_ONCE = 1 | 4;
const FLOCK_BYTES = 32;

type Calls = {
  readonly fcntl: (descriptor: number, command: number, type: 'void *', lock: Buffer) => number;
  readonly flock: (descriptor: number, operation: number) => number;
};

const libc: { calls: Calls | undefined } = { calls: undefined };

/** Locks all of a file until it is closed; false if a program has it exclusively, or on failure. */
export function tryShare(descriptor: number): boolean {
  libc.calls ??= load();
  const lock = Buffer.alloc(FLOCK_BYTES);
  lock.writeInt16LE(READ, 0);
  lock.writeInt16LE(FROM_START, 2);
  if (libc.calls.fcntl(descriptor, SET_AT_ONCE, 'void *', lock) === 0) return true;
  if (koffi.errno() !== koffi.os.errno.EINVAL) return false;
  return libc.calls.flock(descriptor, SHARED_AT_ONCE) === 0;
}

function load(): Calls {
  const process = koffi.load(null);
  return {
    fcntl: process.func('int fcntl(int fd, int command, ...)'),
    flock: process.func('int flock(int fd, int operation)'),
  };
}
