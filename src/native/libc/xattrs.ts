/**
 * Extended attributes of files, read with llistxattr(2) and lgetxattr(2), or flistxattr(2) and fgetxattr(2)
 * for open files: Node has no calls for them. Symlinks are not followed.
 */
import koffi from 'koffi';
import { TreeportError } from '../../base/errors.ts';
import type { XattrReader } from '../../ostree/repo/xattr-reader.ts';
import type { Xattr } from '../../ostree/xattrs.ts';

/** XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux, so that no result is larger. */
const LIST_BYTES = 64 * 1024;
const VALUE_BYTES = 64 * 1024;

const { errno } = koffi.os;

type Libc = {
  readonly list: (path: string, buffer: Buffer, size: number) => number;
  readonly get: (path: string, name: Buffer, buffer: Buffer, size: number) => number;
  readonly listOpen: (descriptor: number, buffer: Buffer, size: number) => number;
  readonly getOpen: (descriptor: number, name: Buffer, buffer: Buffer, size: number) => number;
};

let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded === undefined) {
    const library = koffi.load(null);
    loaded = {
      list: library.func('long llistxattr(const char *path, _Out_ uint8_t *list, size_t size)'),
      get: library.func(
        'long lgetxattr(const char *path, const uint8_t *name, _Out_ uint8_t *value, size_t size)',
      ),
      listOpen: library.func('long flistxattr(int fd, _Out_ uint8_t *list, size_t size)'),
      getOpen: library.func('long fgetxattr(int fd, const uint8_t *name, _Out_ uint8_t *value, size_t size)'),
    };
  }
  return loaded;
}

// Calls are synchronous and copy their results, so they can share one buffer of each kind.
const listBuffer = Buffer.alloc(LIST_BYTES);
const valueBuffer = Buffer.alloc(VALUE_BYTES);

export const libcXattrs: XattrReader = {
  list(path, descriptor) {
    const length =
      descriptor === undefined
        ? libc().list(path, listBuffer, LIST_BYTES)
        : libc().listOpen(descriptor, listBuffer, LIST_BYTES);
    if (length === 0) return [];
    if (length < 0) return lastErrorIs(errno.ENOTSUP) ? [] : fail(path);
    const names = splitNames(listBuffer.subarray(0, length));
    return names.flatMap((name) => readAttribute(path, name, descriptor) ?? []);
  },
  get: (path, name, descriptor) => readAttribute(path, Buffer.from(name), descriptor)?.value,
};

/** Copies the names, because the caller keeps them beyond the next call. */
function splitNames(bytes: Buffer): readonly Buffer[] {
  const names: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    names.push(Buffer.from(bytes.subarray(start, end)));
    start = end + 1;
  }
  return names;
}

/** Undefined if the file does not have the attribute (or no longer does). */
function readAttribute(path: string, name: Buffer, descriptor: number | undefined): Xattr | undefined {
  const terminated = Buffer.concat([name, Buffer.alloc(1)]);
  const length =
    descriptor === undefined
      ? libc().get(path, terminated, valueBuffer, VALUE_BYTES)
      : libc().getOpen(descriptor, terminated, valueBuffer, VALUE_BYTES);
  if (length >= 0) return { name, value: Buffer.from(valueBuffer.subarray(0, length)) };
  return lastErrorIs(errno.ENODATA) || lastErrorIs(errno.ENOTSUP) ? undefined : fail(path);
}

function lastErrorIs(code: number | undefined): boolean {
  return koffi.errno() === code;
}

function fail(path: string): never {
  const number = koffi.errno();
  const name = Object.entries(errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
  const code = name === 'ENOENT' ? 'ERR_OBJECT_MISSING' : 'ERR_OBJECT_UNREADABLE';
  throw new TreeportError(code, `cannot read the extended attributes of ${path}: ${name}`);
}
