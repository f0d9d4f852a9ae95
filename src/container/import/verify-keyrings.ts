/**
 * Verifies by GPG with the public keys in given files alone. libostree verifies for a remote of a repository,
 * so an empty repository with one is made, which messages do not mention.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemReason, TreeportError } from '../../base/errors.ts';
import { openRemote } from '../../ostree/remotes.ts';
import { ArchiveWriter, archiveConfig } from '../../ostree/repo/archive-writer.ts';
import type { SignedData, VerifiedSignature } from '../../ostree/sign/signed-commit.ts';
import { verifyWithGpg } from './verify-gpg.ts';

export type KeyringVerifier = (signed: SignedData) => Promise<readonly VerifiedSignature[]>;

const REMOTE = 'keyrings';
const GIVEN = { whose: '', demand: '', advice: 'add the key to the files of public keys that are given' };

/**
 * Uses `directory`, which must be empty, as long as the verifier is used. The verifier returns the valid
 * signatures, one or more; its errors are those of {@link verifyWithGpg}. ERR_NO_KEYS if a file cannot be
 * read, ERR_USAGE if its path has a character that separates paths for libostree.
 */
export async function keyringVerifier(
  keyrings: readonly string[],
  directory: string,
): Promise<KeyringVerifier> {
  const paths = keyrings.map(keyringPath).join(';');
  const options = `url=file:///\ngpg-verify=true\ngpgkeypath=${paths}\n`;
  const config = `${archiveConfig()}\n[remote "${REMOTE}"]\n${options}`;
  await ArchiveWriter.create(directory, { config });
  const remote = await openRemote(directory, REMOTE);
  return (signed) => verifyWithGpg(remote, signed, GIVEN);
}

function keyringPath(path: string): string {
  if (/[;,\n\\]/.test(path))
    throw new TreeportError(
      'ERR_USAGE',
      `--keys-file ${JSON.stringify(path)}: the path has a comma, semicolon, backslash or newline`,
    );
  try {
    if (statSync(path).isFile()) return resolve(path);
  } catch (error) {
    throw unreadable(path, systemReason(error), error);
  }
  throw unreadable(path, 'it is not a regular file');
}

function unreadable(path: string, why: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_NO_KEYS', `the keys in ${path} cannot be read: ${why}`, { cause });
}
