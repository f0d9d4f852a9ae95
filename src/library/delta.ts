/** `treeport/delta`: static deltas. */
import '../native/libc/use-locks.ts';

export type { ErrorCode } from '../base/error-codes.ts';
export { isTreeportError, TreeportError } from '../base/errors.ts';
export { type ApplyOptions, applyDelta } from '../delta/static/apply-delta.ts';
export {
  type GeneratedDelta,
  type GenerateOptions,
  generateDelta,
} from '../delta/static/generate/generate-delta.ts';
export { openDeltaFile, openStoredDelta, type StaticDelta } from '../delta/static/open-delta.ts';
export { verifyDelta } from '../delta/static/verify-delta.ts';
export { type Delta, type ListDeltasOptions, listDeltas } from '../ostree/delta-list.ts';
export type { DeltaName } from '../ostree/delta-name.ts';
