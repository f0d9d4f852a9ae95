/** `treeport/container`: commits into images, and images into repositories. */
import '../native/libc/use-locks.ts';

export type { ErrorCode } from '../base/error-codes.ts';
export { isTreeportError, TreeportError } from '../base/errors.ts';
export { type EncapsulateOptions, encapsulate } from '../container/encapsulate/encapsulate.ts';
export { finishImage, type ImageDraft, type ImageLayer } from '../container/encapsulate/image-draft.ts';
export { LayerCache } from '../container/encapsulate/layer-cache.ts';
export type { LayerPlan, PlanLayers } from '../container/encapsulate/layer-plan.ts';
export type { ImportEvent } from '../container/import/import-events.ts';
export { type ImportFromStorageOptions, importFromStorage } from '../container/import/import-from-storage.ts';
export { type ImportImageOptions, importImage } from '../container/import/import-image.ts';
export type { MountedReport } from '../container/import/import-mounted.ts';
export { type ImportedTar, type ImportTarOptions, importTar } from '../container/import/import-tar.ts';
export {
  type ImportReport,
  type UnencapsulateOptions,
  unencapsulate,
} from '../container/import/unencapsulate.ts';
export {
  type VerifiedSignature,
  type VerifyOptions,
  verifyCommitSignatures,
} from '../container/import/verify-signatures.ts';
export {
  type ComponentChange,
  compareImages,
  type ImageComparison,
} from '../container/inspect/compare-images.ts';
export type { ComponentDownload, LayerDownload } from '../container/inspect/downloads.ts';
export { type ImageInfo, type ImageInfoOptions, imageInfo } from '../container/inspect/image-info.ts';
export { openOstreeImage } from '../container/inspect/open-ostree-image.ts';
export {
  formatOstreeImageReference,
  hasVerificationScheme,
  type OstreeImageReference,
  parseOstreeImageReference,
  unverifiedReference,
  type Verification,
} from '../container/inspect/ostree-image-reference.ts';
export { packCompatible, type SizedComponent } from '../container/packing/compatible.ts';
export {
  type PackedLikeBefore,
  type PriorLayers,
  packLikeBefore,
} from '../container/packing/compatible-prior.ts';
export { type Contentmeta, readContentmeta } from '../container/plan/contentmeta.ts';
export { type PlanCommitOptions, planCommit } from '../container/plan/plan-commit.ts';
export { type PlanSummary, summarizePlan } from '../container/plan/plan-summary.ts';
export type { PlannedCommit } from '../container/plan/planned-commit.ts';
export { type PreviousPlan, planOfImage, readPreviousManifest } from '../container/plan/previous-plan.ts';
export { type PublishCommitOptions, publishCommit } from '../container/publish-commit.ts';
export type { Descriptor, Digest, Platform } from '../oci/model/descriptor.ts';
export { formatImageReference, type ImageReference, parseImageReference } from '../oci/model/reference.ts';
export { openImage } from '../oci/read/open-image.ts';
export type { OpenImageOptions } from '../oci/read/open-image-options.ts';
export type { OpenedImage } from '../oci/read/opened-image.ts';
export { type Compression, parseCompression } from '../oci/write/compression.ts';
export type { ImageSink } from '../oci/write/image-sink.ts';
export { publishImage } from '../oci/write/publish.ts';
export { type Chunk, type ChunkObjects, commitObjects } from '../tar/chunk.ts';
export { type DirectoryOwners, directoryOwners } from '../tar/directory-owners.ts';
export { exportChunk } from '../tar/export-chunk.ts';
export { exportCommit, exportOstreeLayer } from '../tar/export-commit.ts';
export { readObjects } from '../tar/read-objects.ts';
