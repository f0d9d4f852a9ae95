/** ERR_DELTA_CORRUPT: a static delta that does not have the form that clients rely on. */
import { TreeportError } from '../../base/errors.ts';

/** `what` is a sentence that names the superblock, the part or the operation. */
export function deltaFault(what: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_DELTA_CORRUPT', what, { cause });
}
