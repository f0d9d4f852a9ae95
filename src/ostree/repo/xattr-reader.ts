/**
 * The interface through which bare modes read extended attributes. Its implementation calls libc
 * (native/libc/xattrs.ts) and is injected, so that reading other modes needs no FFI, as in the server of a
 * mirror image.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Xattr } from '../xattrs.ts';

export type XattrReader = {
  /** All attributes of the file itself; a symlink is not followed. If it is open, `descriptor` is read. */
  list(path: string, descriptor?: number): readonly Xattr[];
  /** One attribute, or undefined if the file does not have it. */
  get(path: string, name: string, descriptor?: number): Buffer | undefined;
};

/** For callers that open only modes without attributes on files. */
export const noXattrReader: XattrReader = {
  list: (path) => {
    throw unsupported(path);
  },
  get: (path) => {
    throw unsupported(path);
  },
};

function unsupported(path: string): TreeportError {
  return new TreeportError(
    'ERR_XATTRS_UNSUPPORTED',
    `extended attributes of ${path} are needed, and this build cannot read them`,
  );
}
