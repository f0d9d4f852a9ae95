/**
 * Verifies a commit or a summary by a remote's option `gpg-verify` or `gpg-verify-summary`: one valid
 * signature by a key of the remote is enough.
 */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TreeportError } from '../../base/errors.ts';
import { isRegularFile } from '../../base/open-beneath.ts';
import { type GpgSignature, verifyGpgSignatures } from '../../native/ostree/gpg.ts';
import { type Remote, remoteList } from '../../ostree/remotes.ts';
import { GPG_SIGNATURES, signaturesUnder } from '../../ostree/sign/signatures.ts';
import { type SignedData, type VerifiedSignature, verifyOption } from '../../ostree/sign/signed-commit.ts';
import { noKeys } from '../../ostree/sign/trusted-keys.ts';

const MACHINE_KEYRINGS = '/usr/share/ostree/trusted.gpg.d';

/** How messages name whose keys are trusted. */
export type KeyOwner = {
  /** Follows the name of what is signed. */
  readonly whose: string;
  /** Follows `has no GPG signature`. */
  readonly demand: string;
  /** What to do about a key that is not there. */
  readonly advice: string;
};

function ownerOf({ name, repo }: Remote, { thing }: SignedData): KeyOwner {
  return {
    whose: ` for remote "${name}"`,
    demand: `, and remote "${name}" demands one (${verifyOption('gpg', thing)})`,
    advice: `import the key: ostree remote gpg-import --repo=${repo} ${name} --keyring=KEYFILE`,
  };
}

/**
 * The valid signatures, one or more. ERR_SIGNATURE_MISSING, ERR_NO_KEYS, ERR_SIGNATURE_UNKNOWN_KEY,
 * ERR_SIGNATURE_EXPIRED, ERR_SIGNATURE_REVOKED, ERR_SIGNATURE_BAD.
 */
export async function verifyWithGpg(
  remote: Remote,
  signed: SignedData,
  owner: KeyOwner = ownerOf(remote, signed),
): Promise<readonly VerifiedSignature[]> {
  const found = signaturesUnder(signed.metadata, GPG_SIGNATURES);
  if (found.length === 0) {
    throw new TreeportError('ERR_SIGNATURE_MISSING', `${signed.name} has no GPG signature${owner.demand}`);
  }
  await checkKeyPaths(remote);
  const signatures = verifyGpgSignatures({
    repo: remote.repo,
    remote: remote.name,
    data: signed.bytes,
    signatures: Buffer.concat(found),
    what: `the GPG signatures of ${signed.name} cannot be verified${owner.whose}`,
  });
  const valid = signatures.filter((signature) => signature.valid);
  if (valid.length > 0) return valid.map(verified);
  if (signatures.every(({ keyMissing }) => keyMissing) && !(await hasKeyring(remote)))
    throw noKeys(remote, `no GPG key at all to verify ${signed.name} with; ${owner.advice}`);
  throw refusal(signed, signatures, owner);
}

function verified(signature: GpgSignature): VerifiedSignature {
  const { fingerprint, timestamp } = signature;
  return { kind: 'gpg', key: fingerprint, signer: userOf(signature), timestamp };
}

/** Keys may have an address alone. */
function userOf({ userName, userEmail }: GpgSignature): string {
  return `${userName} <${userEmail}>`.trim();
}

/**
 * Checked here because libostree's error names neither the remote nor the option, and because it blocks on a
 * FIFO.
 */
async function checkKeyPaths(remote: Remote): Promise<void> {
  for (const path of ownKeyrings(remote)) {
    try {
      isRegularFile(path);
    } catch (error) {
      throw noKeys(remote, `a key ring that cannot be read: ${messageOf(error)}`);
    }
  }
  for (const path of remoteList(remote, 'gpgkeypath', ';,')) {
    await access(path).catch((error) => {
      throw noKeys(remote, `an option gpgkeypath that cannot be read: ${messageOf(error)}`);
    });
  }
}

async function hasKeyring(remote: Remote): Promise<boolean> {
  if (remoteList(remote, 'gpgkeypath', ';,').length > 0) return true;
  if (ownKeyrings(remote).some(isRegularFile)) return true;
  const machine = await readdir(process.env.OSTREE_GPG_HOME || MACHINE_KEYRINGS).catch(() => []);
  return machine.some((name) => name.endsWith('.gpg'));
}

/** Possible paths of the remote's own key ring. */
function ownKeyrings({ name, directories }: Remote): readonly string[] {
  return directories.map((directory) => join(directory, `${name}.trustedkeys.gpg`));
}

/** The most actionable reason comes first. */
function refusal(
  { name, thing }: SignedData,
  signatures: readonly GpgSignature[],
  { whose, advice }: KeyOwner,
): TreeportError {
  const where = `${name}${whose}`;
  const bad = signatures.find((one) => !one.keyMissing && !one.expired && !one.keyExpired && !one.keyRevoked);
  if (bad !== undefined) {
    return new TreeportError(
      'ERR_SIGNATURE_BAD',
      `BAD signature of ${where} by GPG key ${keyOf(bad)}: the ${thing} or the signature was changed`,
    );
  }
  const revoked = signatures.find(({ keyRevoked }) => keyRevoked);
  if (revoked !== undefined) {
    return new TreeportError(
      'ERR_SIGNATURE_REVOKED',
      `the GPG key ${keyOf(revoked)} that signed ${where} is revoked`,
    );
  }
  const expired = signatures.find((one) => one.expired || one.keyExpired);
  if (expired !== undefined) {
    const what = expired.keyExpired ? `the GPG key ${keyOf(expired)} that signed` : `the GPG signature of`;
    return new TreeportError('ERR_SIGNATURE_EXPIRED', `${what} ${where} has expired`);
  }
  const keys = signatures.map(({ fingerprint }) => fingerprint).join(', ');
  return new TreeportError(
    'ERR_SIGNATURE_UNKNOWN_KEY',
    `can't check the signature of ${where}: public key not found: ${keys}; if you trust it, ${advice}`,
  );
}

function keyOf(signature: GpgSignature): string {
  return `${signature.fingerprint} (${userOf(signature)})`;
}
