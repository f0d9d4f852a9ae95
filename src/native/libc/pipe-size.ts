/** Sets how many bytes a pipe holds, with fcntl(2), for which Node has no call. */
import koffi from 'koffi';

/** F_SETPIPE_SZ of Linux. */
const SET_PIPE_SIZE = 1031;
/** The most that Linux grants to any user by default (/proc/sys/fs/pipe-max-size). */
const MOST_BYTES = 1024 * 1024;

type Fcntl = (descriptor: number, command: number, ...argument: readonly unknown[]) => number;

const libc: { fcntl: Fcntl | undefined } = { fcntl: undefined };

/**
 * Lets a pipe take large pieces at once, so that its writer need not wait for the reader. Best effort: a
 * descriptor that is no pipe, and a system that refuses, are ignored.
 */
export function widenPipe(descriptor: number): void {
  if (process.platform !== 'linux') return;
  libc.fcntl ??= koffi.load(null).func('int fcntl(int fd, int cmd, ...)') as Fcntl;
  libc.fcntl(descriptor, SET_PIPE_SIZE, 'int', MOST_BYTES);
}
