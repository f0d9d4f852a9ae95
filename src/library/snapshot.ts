/** `treeport/snapshot`: reading images of whole repositories. */
import '../native/libc/use-locks.ts';

export type { ErrorCode } from '../base/error-codes.ts';
export { isTreeportError, TreeportError } from '../base/errors.ts';
export {
  diffSnapshots,
  repositorySide,
  type Side,
  type SnapshotDiff,
  snapshotSide,
} from '../snapshot/diff.ts';
export { type Extracted, type ExtractOptions, extractSnapshot } from '../snapshot/extract.ts';
export { type LayerSummary, type SnapshotInfo, snapshotInfo } from '../snapshot/info.ts';
export { openSnapshot, type Snapshot } from '../snapshot/open.ts';
export {
  type VerifiedSnapshot,
  type VerifySnapshotOptions,
  verifySnapshot,
} from '../snapshot/verify.ts';
