/**
 * Verifies a commit or a summary according to a remote's option `sign-verify` or `sign-verify-summary`:
 * `true` selects every engine, with the keys of the remote or the machine; a list selects engines, each of
 * which needs keys of the remote. One valid signature of any engine suffices.
 */
import { TreeportError } from '../../base/errors.ts';
import { booleanOf, optionFault, type Remote, remoteList, remoteString } from '../remotes.ts';
import type { PublicKey, SignEngine } from './engine.ts';
import { isEngineName, SIGN_ENGINES } from './engines.ts';
import { signaturesUnder } from './signatures.ts';
import { type SignedData, type SignedThing, type VerifiedSignature, verifyOption } from './signed-commit.ts';
import { loadTrustedKeys, noKeys, type TrustedKeys } from './trusted-keys.ts';

export type EngineSelection = {
  readonly engines: readonly SignEngine[];
  /** True if the option lists them by name. */
  readonly named: boolean;
};

/** The engines that the option selects, none if it is off; ERR_REPO_CONFIG for an unknown engine. */
export function selectedEngines(remote: Remote, thing: SignedThing): EngineSelection {
  const option = verifyOption('sign', thing);
  const text = remoteString(remote, option) ?? '';
  const all = booleanOf(text);
  if (all !== undefined) return { engines: all ? Object.values(SIGN_ENGINES) : [], named: false };
  const names = remoteList(remote, option);
  return { engines: names.map((name) => engineNamed(remote, option, name)), named: true };
}

function engineNamed(remote: Remote, option: string, name: string): SignEngine {
  if (isEngineName(name)) return SIGN_ENGINES[name];
  const known = Object.keys(SIGN_ENGINES).join(', ');
  throw optionFault(remote, option, `"${name}" is neither true nor false nor one of ${known}`);
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
  signed: SignedData,
  { engines, named }: EngineSelection,
  keyDirectories?: readonly string[],
): Promise<readonly VerifiedSignature[]> {
  const candidates = await Promise.all(
    engines.map(async (engine) => ({
      engine,
      signatures: signaturesUnder(signed.metadata, engine.metadataKey),
      keys: await loadTrustedKeys(engine, remote, named, keyDirectories),
    })),
  );
  const present = candidates.filter(({ signatures }) => signatures.length > 0);
  if (present.length === 0) throw missing(remote, signed, engines);
  const valid = present.flatMap((candidate) => verified(candidate, signed.bytes, candidate.keys.trusted));
  if (valid.length > 0) return valid;
  throw refusal(remote, signed, present);
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

function refusal(
  remote: Remote,
  { name, thing, bytes }: SignedData,
  present: readonly Candidate[],
): TreeportError {
  const names = present.map(({ engine }) => engine.name).join(' or ');
  const [revoked] = present.flatMap((candidate) => verified(candidate, bytes, candidate.keys.revoked));
  if (revoked !== undefined) {
    return new TreeportError(
      'ERR_SIGNATURE_REVOKED',
      `${name} is signed with the ${revoked.kind} key ${revoked.key}, which is revoked; it needs a signature by another key of remote "${remote.name}"`,
    );
  }
  const count = present.flatMap(({ keys }) => keys.trusted).length;
  if (count === 0) return noKeys(remote, `no ${names} key to verify ${name} with`);
  return new TreeportError(
    'ERR_SIGNATURE_BAD',
    `BAD signature: no ${names} signature of ${name} is valid for a key of remote "${remote.name}" (${count} tried): it was made with another key, or the ${thing} or the signature was changed`,
  );
}

function missing(remote: Remote, { name, thing }: SignedData, engines: readonly SignEngine[]): TreeportError {
  const names = engines.map(({ name }) => name).join(' or ');
  return new TreeportError(
    'ERR_SIGNATURE_MISSING',
    `${name} has no ${names} signature, and remote "${remote.name}" demands one (${verifyOption('sign', thing)})`,
  );
}
