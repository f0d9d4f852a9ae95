/** The errors that an ObjectSource promises for objects in files. */
import { errnoOf, isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { corruptObject } from '../object-fault.ts';

/** Maps an error met while reading the object `name` to one that an ObjectSource promises. */
export function objectError(error: unknown, name: string, path: string): TreeportError {
  if (isTreeportError(error, 'ERR_VARIANT') || isTreeportError(error, 'ERR_FILE_TOO_LARGE')) {
    return corruptObject(name, error.message, error);
  }
  if (isTreeportError(error) && error.code !== 'ERR_FILE_UNSAFE') return error;
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return noSuchObject(name, path, error);
  return new TreeportError('ERR_OBJECT_UNREADABLE', `object ${name} cannot be read: ${messageOf(error)}`, {
    cause: error,
  });
}

export function noSuchObject(name: string, path: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_OBJECT_MISSING', `object ${name} is missing: no file ${path}`, { cause });
}
