/** Errors of static deltas that do not have the form that clients rely on. */
import { TreeportError } from '../../base/errors.ts';

/** ERR_DELTA_CORRUPT. `what` is a sentence that names the superblock, the part or the operation. */
export function deltaFault(what: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_DELTA_CORRUPT', what, { cause });
}

/** ERR_DELTA_PART. `what` is a sentence that names the part. */
export function partFault(what: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_DELTA_PART', `${what}; copy or generate the delta again`, { cause });
}
