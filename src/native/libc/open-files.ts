/** Calls on open files that Node lacks. They throw errors with a `code` such as `ENOSPC`, as Node's do. */
import koffi from 'koffi';

const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
/** Two timespecs, access and modification; the first is left alone (UTIME_OMIT in tv_nsec). */
const MODIFIED_AT_ZERO = Buffer.alloc(32);
MODIFIED_AT_ZERO.writeBigInt64LE(0x3ffffffen, 8);

type Libc = {
  readonly setXattr: (fd: number, name: Uint8Array, value: Uint8Array, size: number, flags: number) => number;
  readonly setTimes: (fd: number, times: Uint8Array) => number;
  readonly syncFileSystem: (fd: number) => number;
  readonly link: (from: number, oldPath: string, to: number, newPath: string, flags: number) => number;
};

let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded === undefined) {
    const library = koffi.load(null);
    loaded = {
      setXattr: library.func(
        'int fsetxattr(int fd, const uint8_t *name, const uint8_t *value, size_t size, int flags)',
      ),
      syncFileSystem: library.func('int syncfs(int fd)'),
      setTimes: library.func('int futimens(int fd, const uint8_t *times)'),
      link: library.func('int linkat(int from, const char *old, int to, const char *new, int flags)'),
    };
  }
  return loaded;
}

/** `name` without the NUL. */
export function setXattr(descriptor: number, name: Buffer, value: Buffer): void {
  const terminated = Buffer.concat([name, Buffer.alloc(1)]);
  checkCall('fsetxattr', libc().setXattr(descriptor, terminated, value, value.length, 0));
}

/** Sets the time of modification to 0. */
export function clearModified(descriptor: number): void {
  checkCall('futimens', libc().setTimes(descriptor, MODIFIED_AT_ZERO));
}

/** Makes everything durable that was written to the file system of an open file or directory. */
export function syncFileSystemOf(descriptor: number): void {
  checkCall('syncfs', libc().syncFileSystem(descriptor));
}

/** Gives a file that was opened with O_TMPFILE its name. */
export function linkOpen(descriptor: number, path: string): void {
  const open = `/proc/self/fd/${descriptor}`;
  checkCall('linkat', libc().link(AT_FDCWD, open, AT_FDCWD, path, AT_SYMLINK_FOLLOW));
}

function checkCall(name: string, result: number): void {
  if (result === 0) return;
  const number = koffi.errno();
  const code = Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
  throw Object.assign(new Error(`${code}: ${name}`), { code });
}
