/**
 * Verifies the signatures of a commit as libostree does on pull: with the options of a remote of the
 * destination repository, over the bytes of the commit object, with the signatures in its detached metadata.
 * `gpg-verify`, which is on by default, and `sign-verify` each need one valid signature; if both are on, both
 * must be satisfied.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { openRemote, type RemotesOptions, remoteBoolean } from '../../ostree/remotes.ts';
import {
  type SignedData,
  signedCommit,
  type VerifiedSignature,
  verifyOption,
} from '../../ostree/sign/signed-commit.ts';
import { selectedEngines, verifyWithEngines } from '../../ostree/sign/verify-engines.ts';
import type { CommitHead } from '../../tar/import-commit.ts';
import { verifyWithGpg } from './verify-gpg.ts';

export type { VerifiedSignature } from '../../ostree/sign/signed-commit.ts';

export type VerifyOptions = RemotesOptions & {
  /** Path of the repository whose configuration has the remote. */
  readonly repo: string;
  readonly remote: string;
  readonly commit: Checksum;
  readonly commitBytes: Uint8Array;
  /** A serialized `a{sv}`; undefined if the commit has none. */
  readonly detachedMetadata: Uint8Array | undefined;
  /** Directories of the machine's ed25519 and spki keys. Default: /etc/ostree and /usr/share/ostree. */
  readonly keyDirectories?: readonly string[];
};

/**
 * Returns the valid signatures, at least one of each kind that the remote requires. Throws
 * ERR_REMOTE_MISSING, ERR_REMOTE_UNVERIFIED, ERR_REPO_CONFIG, ERR_NO_KEYS, ERR_SIGNATURE_MISSING,
 * ERR_SIGNATURE_BAD, ERR_SIGNATURE_UNKNOWN_KEY, ERR_SIGNATURE_EXPIRED, ERR_SIGNATURE_REVOKED;
 * ERR_OBJECT_CORRUPT if the detached metadata is malformed; the errors of opening the repository.
 */
export async function verifyCommitSignatures(options: VerifyOptions): Promise<readonly VerifiedSignature[]> {
  const signed = signedCommit(options.commit, options.commitBytes, options.detachedMetadata);
  return verifyByRemote(signed, options);
}

export type RemoteOptions = RemotesOptions & Pick<VerifyOptions, 'repo' | 'remote' | 'keyDirectories'>;

/** Verifies a commit or a summary. Errors as {@link verifyCommitSignatures}. */
export async function verifyByRemote(
  signed: SignedData,
  options: RemoteOptions,
): Promise<readonly VerifiedSignature[]> {
  const remote = await openRemote(options.repo, options.remote, options);
  const [gpgOption, signOption] = [verifyOption('gpg', signed.thing), verifyOption('sign', signed.thing)];
  const gpg = remoteBoolean(remote, gpgOption, signed.thing === 'commit');
  const selection = selectedEngines(remote, signed.thing);
  if (!gpg && selection.engines.length === 0) {
    throw new TreeportError(
      'ERR_REMOTE_UNVERIFIED',
      `${signed.name} cannot be verified: remote "${remote.name}" of repository ${remote.repo} has both ${gpgOption} and ${signOption} off`,
    );
  }
  const engineSigned =
    selection.engines.length > 0
      ? await verifyWithEngines(remote, signed, selection, options.keyDirectories)
      : [];
  return [...(gpg ? await verifyWithGpg(remote, signed) : []), ...engineSigned];
}

/** Loads a commit and its detached metadata from a repository; ERR_OBJECT_MISSING, ERR_OBJECT_CORRUPT. */
export async function loadCommitHead(source: ObjectSource, commit: Checksum): Promise<CommitHead> {
  const hasDetached = await source.has({ type: 'commitmeta', checksum: commit });
  return {
    commit,
    bytes: await verifiedMetadata(source, 'commit', commit),
    detached: hasDetached ? await source.metadata('commitmeta', commit) : undefined,
  };
}

/**
 * The commit's valid signatures by a remote of the repository at `repo`; none if no remote is given. Errors
 * as {@link verifyCommitSignatures}.
 */
export async function verifyCommitHead(
  { commit, bytes, detached }: CommitHead,
  { repo, remote }: { readonly repo: string; readonly remote: string | undefined },
): Promise<readonly VerifiedSignature[]> {
  if (remote === undefined) return [];
  return verifyCommitSignatures({ repo, remote, commit, commitBytes: bytes, detachedMetadata: detached });
}
