/** Imports a commit from a tar stream into a repository. */
import type { Transaction } from '../../native/ostree/transaction.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { checkRefName } from '../../ostree/ref-name.ts';
import { importCommit } from '../../tar/import-commit.ts';
import { checkTimestamp, type RefTarget } from './check-timestamp.ts';
import { landCommit, withTransaction } from './repo-transaction.ts';
import { type VerifiedSignature, verifyCommitHead } from './verify-signatures.ts';

export type ImportTarOptions = RefTarget & {
  /** A remote of the repository whose keys must have signed the commit. */
  readonly remote?: string;
  /** Also import objects that do not belong to the commit, instead of failing. */
  readonly allowExtra?: boolean;
};

export type ImportedTar = {
  readonly commit: Checksum;
  /** The verified signatures; none without a remote. */
  readonly signatures: readonly VerifiedSignature[];
};

/**
 * Imports an uncompressed stream of any format version, completely or not at all. ERR_TAR, ERR_TAR_OBJECT,
 * ERR_OBJECT_CORRUPT, ERR_OBJECT_MISSING, ERR_OBJECT_STRAY, the errors of the repository and of the
 * signatures.
 */
export async function importTar(
  tar: AsyncIterable<Uint8Array>,
  options: ImportTarOptions,
): Promise<ImportedTar> {
  const { repo: path, remote, writeRef } = options;
  const refs = writeRef === undefined ? [] : [writeRef];
  for (const ref of refs) checkRefName(ref);
  const signatures: VerifiedSignature[] = [];
  const work = async (transaction: Transaction) => {
    const { commits } = await importCommit(tar, transaction, {
      where: 'the tar stream',
      allowExtra: options.allowExtra ?? false,
      verify: async (head) => {
        signatures.push(...(await verifyCommitHead(head, { repo: path, remote })));
        await checkTimestamp(head, options);
      },
    });
    const [commit] = commits as readonly [Checksum];
    await landCommit(transaction, commit, refs, options.warn);
    return { commit, signatures };
  };
  return withTransaction(path, work, { refs, isVerified: remote !== undefined, isFromStream: true });
}
