/**
 * Dirmeta objects: `(uuua(ayay))` = uid, gid, mode (with the directory bit), each big-endian, and xattrs.
 */
import { view, write } from '../gvariant/index.ts';
import { swap32 } from './byte-order.ts';
import { objectFault } from './object-fault.ts';
import { type Xattr, xattrsFromValue, xattrsToValue } from './xattrs.ts';

export const DIRMETA_TYPE = '(uuua(ayay))';
export const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
/** The bits of a mode besides the file type: permissions, setuid, setgid, sticky. */
export const PERMISSIONS = 0o7777;

export type Dirmeta = {
  readonly uid: number;
  readonly gid: number;
  /** With the file type bits: 040755 and the like. */
  readonly mode: number;
  readonly xattrs: readonly Xattr[];
};

export function parseDirmeta(bytes: Uint8Array): Dirmeta {
  const dirmeta = view(DIRMETA_TYPE, bytes).check();
  const number = (index: number) => swap32(dirmeta.child(index).value() as number);
  const xattrs = xattrsFromValue(dirmeta.child(3).value());
  const meta = { uid: number(0), gid: number(1), mode: number(2), xattrs };
  if ((meta.mode & S_IFMT) !== S_IFDIR || (meta.mode & ~(S_IFMT | PERMISSIONS)) !== 0) {
    throw objectFault('a dirmeta', `has the mode 0${meta.mode.toString(8)}, not a directory's`);
  }
  const isSorted = xattrs.every(({ name }, index) => {
    const previous = xattrs[index - 1];
    return previous === undefined || Buffer.compare(previous.name, name) < 0;
  });
  if (!isSorted) throw objectFault('a dirmeta', 'holds attributes that are not sorted');
  return meta;
}

export function serializeDirmeta(meta: Dirmeta): Buffer {
  return write(DIRMETA_TYPE, [
    swap32(meta.uid),
    swap32(meta.gid),
    swap32(meta.mode),
    xattrsToValue(meta.xattrs),
  ]);
}
