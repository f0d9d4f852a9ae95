/** `treeport/repository`: writing to repositories, by libostree; checking and signing them. */
import '../native/libc/use-locks.ts';

export type { ErrorCode } from '../base/error-codes.ts';
export { isTreeportError, TreeportError } from '../base/errors.ts';
export { type FsckOptions, type FsckReport, fsck } from '../fsck/fsck.ts';
export { libcXattrs } from '../native/libc/xattrs.ts';
export { importGpgKeys } from '../native/ostree/gpg.ts';
export { type GpgKeyChoice, gpgSigner } from '../native/ostree/gpg-signer.ts';
export { deleteRemote, type RemoteConfig, setRemote } from '../native/ostree/remotes.ts';
export { LibostreeRepo, type WritableMode } from '../native/ostree/repository.ts';
export { startTransaction, type TransactionOptions } from '../native/ostree/start-transaction.ts';
export type { Transaction } from '../native/ostree/transaction.ts';
export type { TransactionStats } from '../native/ostree/transaction-calls.ts';
export { signersInFile } from '../ostree/sign/key-file.ts';
export { commandSigner } from '../ostree/sign/sign-command.ts';
export { type SigningKey, signCommit } from '../ostree/sign/sign-commit.ts';
export type { Signer } from '../ostree/sign/signer.ts';
export { signStoredCommit } from '../signing/commit-signatures.ts';
export { type UpdateSummaryOptions, updateSummary } from '../signing/update-summary.ts';
