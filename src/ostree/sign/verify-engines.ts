/**
 * Verifies a commit according to a remote's option `sign-verify`: `true` selects every engine, with the keys
 * of the remote or the machine; a list selects engines, each of which needs keys of the remote. One valid
 * signature of any engine suffices.
 */
import { TreeportError } from '../../base/errors.ts';
import { booleanOf, optionFault, type Remote, remoteList, remoteString } from '../remotes.ts';
import type { PublicKey, SignEngine } from './engine.ts';
import { isEngineName, SIGN_ENGINES } from './engines.ts';
import { signaturesUnder } from './signatures.ts';
import type { SignedCommit, VerifiedSignature } from './signed-commit.ts';
import { loadTrustedKeys, noKeys, type TrustedKeys } from './trusted-keys.ts';

export type EngineSelection = {
  readonly engines: readonly SignEngine[];
  /** True if the option lists them by name. */
  readonly named: boolean;
};

/** The engines that `sign-verify` selects, none if it is off; ERR_REPO_CONFIG for an unknown engine. */
export function selectedEngines(remote: Remote): EngineSelection {
  const text = remoteString(remote, 'sign-verify') ?? '';
  const all = booleanOf(text);
  if (all !== undefined) return { engines: all ? Object.values(SIGN_ENGINES) : [], named: false };
  const names = remoteList(remote, 'sign-verify');
  return { engines: names.map((name) => engineNamed(remote, name)), named: true };
}

function engineNamed(remote: Remote, name: string): SignEngine {
  if (isEngineName(name)) return SIGN_ENGINES[name];
  const known = Object.keys(SIGN_ENGINES).join(', ');
  throw optionFault(remote, 'sign-verify', `"${name}" is neither true nor false nor one of ${known}`);
}

type Candidate = {
  readonly engine: SignEngine;
  readonly signatures: readonly Buffer[];
  readonly keys: TrustedKeys;
};

/**
 * The valid signatures, one or more. ERR_SIGNATURE_MISSING, ERR_NO_KEYS, ERR_SIGNATURE_REVOKED,
 * ERR_SIGNATURE_BAD.
 */
export async function verifyWithEngines(
  remote: Remote,
  commit: SignedCommit,
  { engines, named }: EngineSelection,
  keyDirectories?: readonly string[],
): Promise<readonly VerifiedSignature[]> {
  const candidates = await Promise.all(
    engines.map(async (engine) => ({
      engine,
      signatures: signaturesUnder(commit.metadata, engine.metadataKey),
      keys: await loadTrustedKeys(engine, remote, named, keyDirectories),
    })),
  );
  const signed = candidates.filter(({ signatures }) => signatures.length > 0);
  if (signed.length === 0) throw missing(remote, commit, engines);
  const valid = signed.flatMap((candidate) => verified(candidate, commit.bytes, candidate.keys.trusted));
  if (valid.length > 0) return valid;
  throw refusal(remote, commit, signed);
}

function verified(
  { engine, signatures }: Candidate,
  data: Uint8Array,
  keys: readonly PublicKey[],
): readonly VerifiedSignature[] {
  return signatures.flatMap((signature) => {
    const key = keys.find((candidate) => engine.verify(data, signature, candidate.key));
    return key === undefined ? [] : [{ kind: engine.name, key: key.id }];
  });
}

function refusal(remote: Remote, commit: SignedCommit, signed: readonly Candidate[]): TreeportError {
  const names = signed.map(({ engine }) => engine.name).join(' or ');
  const [revoked] = signed.flatMap((candidate) => verified(candidate, commit.bytes, candidate.keys.revoked));
  if (revoked !== undefined) {
    return new TreeportError(
      'ERR_SIGNATURE_REVOKED',
      `commit ${commit.checksum} is signed with the ${revoked.kind} key ${revoked.key}, which is revoked; it needs a signature by another key of remote "${remote.name}"`,
    );
  }
  const count = signed.flatMap(({ keys }) => keys.trusted).length;
  if (count === 0) return noKeys(remote, `no ${names} key to verify commit ${commit.checksum} with`);
  return new TreeportError(
    'ERR_SIGNATURE_BAD',
    `BAD signature: no ${names} signature of commit ${commit.checksum} is valid for a key of remote "${remote.name}" (${count} tried): it was made with another key, or the commit or the signature was changed`,
  );
}

function missing(remote: Remote, { checksum }: SignedCommit, engines: readonly SignEngine[]): TreeportError {
  const names = engines.map(({ name }) => name).join(' or ');
  return new TreeportError(
    'ERR_SIGNATURE_MISSING',
    `commit ${checksum} has no ${names} signature, and remote "${remote.name}" demands one (sign-verify)`,
  );
}
