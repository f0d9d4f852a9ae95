/** The library's public API: the functions behind the verbs of the command line. */
import { provideLocks } from './base/temporary.ts';

export type { ErrorCode } from './base/error-codes.ts';
export { isTreeportError, TreeportError } from './base/errors.ts';
export { type EncapsulateOptions, encapsulate } from './container/encapsulate/encapsulate.ts';
export { finishImage, type ImageDraft, type ImageLayer } from './container/encapsulate/image-draft.ts';
export { LayerCache } from './container/encapsulate/layer-cache.ts';
export type { LayerPlan, PlanLayers } from './container/encapsulate/layer-plan.ts';
export type { ImportEvent } from './container/import/import-events.ts';
export { type ImportFromStorageOptions, importFromStorage } from './container/import/import-from-storage.ts';
export type { MountedReport } from './container/import/import-mounted.ts';
export { type ImportedTar, type ImportTarOptions, importTar } from './container/import/import-tar.ts';
export {
  type ImportReport,
  type UnencapsulateOptions,
  unencapsulate,
} from './container/import/unencapsulate.ts';
export {
  type VerifiedSignature,
  type VerifyOptions,
  verifyCommitSignatures,
} from './container/import/verify-signatures.ts';
export {
  type ComponentChange,
  compareImages,
  type ImageComparison,
} from './container/inspect/compare-images.ts';
export type { ComponentDownload, LayerDownload } from './container/inspect/downloads.ts';
export { type ImageInfo, type ImageInfoOptions, imageInfo } from './container/inspect/image-info.ts';
export { openOstreeImage } from './container/inspect/open-ostree-image.ts';
export {
  formatOstreeImageReference,
  hasVerificationScheme,
  type OstreeImageReference,
  parseOstreeImageReference,
  unverifiedReference,
  type Verification,
} from './container/inspect/ostree-image-reference.ts';
export { packCompatible, type SizedComponent } from './container/packing/compatible.ts';
export {
  type PackedLikeBefore,
  type PriorLayers,
  packLikeBefore,
} from './container/packing/compatible-prior.ts';
export { type Contentmeta, readContentmeta } from './container/plan/contentmeta.ts';
export { type PlanCommitOptions, planCommit } from './container/plan/plan-commit.ts';
export { type PlanSummary, summarizePlan } from './container/plan/plan-summary.ts';
export type { PlannedCommit } from './container/plan/planned-commit.ts';
export { type PreviousPlan, planOfImage, readPreviousManifest } from './container/plan/previous-plan.ts';
export { type FsckOptions, type FsckReport, fsck } from './fsck/fsck.ts';
export { type BuildOptions, buildMirror } from './mirror/build.ts';
export { openPublishedRepo } from './mirror/open-published.ts';
export { type Publication, publicationOf } from './mirror/published-refs.ts';
export { installedRuntime, type Runtime } from './mirror/runtime/runtime.ts';
export { libcXattrs } from './native/libc/xattrs.ts';
export { importGpgKeys } from './native/ostree/gpg.ts';
export { type GpgKeyChoice, gpgSigner } from './native/ostree/gpg-signer.ts';
export { deleteRemote, type RemoteConfig, setRemote } from './native/ostree/remotes.ts';
export { LibostreeRepo, type WritableMode } from './native/ostree/repository.ts';
export { startTransaction, type TransactionOptions } from './native/ostree/start-transaction.ts';
export type { Transaction } from './native/ostree/transaction.ts';
export type { TransactionStats } from './native/ostree/transaction-calls.ts';
export type { Descriptor, Digest, Platform } from './oci/model/descriptor.ts';
export { formatImageReference, type ImageReference, parseImageReference } from './oci/model/reference.ts';
export { openImage } from './oci/read/open-image.ts';
export type { OpenImageOptions } from './oci/read/open-image-options.ts';
export type { OpenedImage } from './oci/read/opened-image.ts';
export { type Compression, parseCompression } from './oci/write/compression.ts';
export type { ImageSink } from './oci/write/image-sink.ts';
export { publishImage } from './oci/write/publish.ts';
export { type Checksum, isChecksum, parseChecksum } from './ostree/checksum.ts';
export type { Commit } from './ostree/commit.ts';
export { type CommitDiff, type DiffOptions, diffCommits, diffTrees, type TreeDiff } from './ostree/diff.ts';
export { attributesOf, type Change, describeChange, type NodeAttributes } from './ostree/diff-attributes.ts';
export type { FileHeader } from './ostree/file-header.ts';
export { type MetadataDict, parseDict, serializeDict } from './ostree/metadata-dict.ts';
export type { ObjectName } from './ostree/object-name.ts';
export type { ContentObject, ObjectSource, StoredObject } from './ostree/object-source.ts';
export { listHeads, listMirrorRefs, listRemoteRefs, type Refs } from './ostree/refs.ts';
export {
  type OpenOptions,
  openRepository,
  type Repository,
  type RepositoryMode,
} from './ostree/repo/open.ts';
export { loadCommit, resolveRevision } from './ostree/revision.ts';
export { signersInFile } from './ostree/sign/key-file.ts';
export { commandSigner } from './ostree/sign/sign-command.ts';
export { type SigningKey, signCommit } from './ostree/sign/sign-commit.ts';
export type { Signer } from './ostree/sign/signer.ts';
export { reachableObjects, walkTree } from './ostree/walk.ts';
export {
  type ChangeRateOptions,
  type ChangeRates,
  changeRates,
  type ObservedChanges,
} from './packages/change-rate.ts';
export type { ContentFacts, UserComponent } from './packages/content-facts.ts';
export { diffPackages, type PackageChange } from './packages/diff-packages.ts';
export type { PathOwner, PathOwners } from './packages/ownership.ts';
export type { ChangelogEntry, Package, PackageFormat } from './packages/package.ts';
export {
  type CommitOwnership,
  type CommitPackages,
  type ReadPackagesOptions,
  readOwnership,
  readPackages,
} from './packages/read-packages.ts';
export { createServer, type Server } from './server/app.ts';
export { type Exported, type ExportOptions, exportRepository } from './server/export/export-repository.ts';
export { type RunningServer, type ServeOptions, serve } from './server/listen.ts';
export { mirror } from './server/mirror.ts';
export type { MirrorOptions, ServerOptions } from './server/options.ts';
export { signStoredCommit } from './signing/commit-signatures.ts';
export { type UpdateSummaryOptions, updateSummary } from './signing/update-summary.ts';
export { type Chunk, type ChunkObjects, commitObjects } from './tar/chunk.ts';
export { type DirectoryOwners, directoryOwners } from './tar/directory-owners.ts';
export { exportChunk } from './tar/export-chunk.ts';
export { exportCommit, exportOstreeLayer } from './tar/export-commit.ts';
export { readObjects } from './tar/read-objects.ts';

provideLocks(async () => (await import('./native/libc/file-lock.ts')).tryLock);
