/**
 * Verifies by GPG with the public keys in given files alone. libostree verifies for a remote of a repository,
 * so an empty repository with one is made, which messages do not mention. The keys are imported into the
 * remote's own keyring, because libostree trusts the machine's keys beside those of `gpgkeypath`.
 */
import { messageOf, TreeportError } from '../../base/errors.ts';
import { readRegularFile } from '../../base/open-beneath.ts';
import { importGpgKeys } from '../../native/ostree/gpg.ts';
import { LibostreeRepo } from '../../native/ostree/repository.ts';
import { openRemote } from '../../ostree/remotes.ts';
import { ArchiveWriter, archiveConfig } from '../../ostree/repo/archive-writer.ts';
import type { SignedData, VerifiedSignature } from '../../ostree/sign/signed-commit.ts';
import { verifyWithGpg } from './verify-gpg.ts';

export type KeyringVerifier = (signed: SignedData) => Promise<readonly VerifiedSignature[]>;

const REMOTE = 'keyrings';
const GIVEN = { whose: '', demand: '', advice: 'add the key to the files of public keys that are given' };
/** The keyring of a distribution has some hundred kilobytes. */
const MAX_KEYRING_BYTES = 16 * 1024 * 1024;

/**
 * `keyrings` are files as `gpg --export` writes them, armored or not. Uses `directory`, which must be empty,
 * as long as the verifier is used. The verifier returns the valid signatures, one or more; its errors are
 * those of {@link verifyWithGpg}. ERR_NO_KEYS if a file cannot be read or has no key.
 */
export async function keyringVerifier(
  keyrings: readonly string[],
  directory: string,
): Promise<KeyringVerifier> {
  const config = `${archiveConfig()}\n[remote "${REMOTE}"]\nurl=file:///\ngpg-verify=true\n`;
  await ArchiveWriter.create(directory, { config });
  using repo = LibostreeRepo.open(directory);
  for (const path of keyrings) importFrom(path, repo);
  const remote = await openRemote(directory, REMOTE);
  return (signed) => verifyWithGpg(remote, signed, GIVEN);
}

function importFrom(path: string, repo: LibostreeRepo): void {
  const keys = readKeyring(path);
  try {
    importGpgKeys(repo, REMOTE, keys);
  } catch (error) {
    throw new TreeportError('ERR_NO_KEYS', `no GPG public key in ${path}`, { cause: error });
  }
}

function readKeyring(path: string): Buffer {
  try {
    const bytes = readRegularFile(path, MAX_KEYRING_BYTES);
    if (bytes !== undefined) return bytes;
  } catch (error) {
    throw new TreeportError('ERR_NO_KEYS', `the keys in ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  throw new TreeportError('ERR_NO_KEYS', `there is no file ${path} with keys to verify with`);
}
