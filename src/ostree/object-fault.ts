/**
 * ERR_OBJECT_CORRUPT: an object whose bytes do not give its id, or whose format is broken. Every message
 * names the object first and then says what is wrong with it.
 */
import { TreeportError } from '../base/errors.ts';

/** `where` names the object or the kind of object, such as `object <checksum>.file` or `a dirtree`. */
export function objectFault(where: string, what: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_OBJECT_CORRUPT', `${where} ${what}`, { cause });
}

/** `name` is `<checksum>.<type>`, see object-name.ts. */
export function corruptObject(name: string, why: string, cause?: unknown): TreeportError {
  return objectFault(`object ${name}`, `is corrupt: ${why}`, cause);
}

/** The object's bytes hash to `actual` instead of its id. */
export function wrongChecksum(name: string, actual: string): TreeportError {
  return corruptObject(name, `its bytes give ${actual}`);
}
