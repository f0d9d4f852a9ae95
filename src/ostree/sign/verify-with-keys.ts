/** Verifies a commit, summary or delta with public keys in a file, without the configuration of a remote. */
import { messageOf, TreeportError } from '../../base/errors.ts';
import { readRegularFile } from '../../base/open-beneath.ts';
import { MAX_KEYFILE_BYTES } from '../limits.ts';
import type { EngineName, PublicKey } from './engine.ts';
import { SIGN_ENGINES } from './engines.ts';
import { signaturesUnder } from './signatures.ts';
import type { SignedData, SignedThing, VerifiedSignature } from './signed-commit.ts';

/** Remotes have no options for deltas, so only given keys verify them. */
export type KeySignedData = Omit<SignedData, 'thing'> & { readonly thing: SignedThing | 'delta' };

/** The public keys in a file, one or more; ERR_NO_KEYS. */
export function publicKeysInFile(kind: EngineName, path: string): readonly PublicKey[] {
  const engine = SIGN_ENGINES[kind];
  const keys = engine.parsePublicKeys(readText(path));
  if (keys.length > 0) return keys;
  throw new TreeportError('ERR_NO_KEYS', `no ${kind} public key (${engine.keyForm}) in ${path}`);
}

/** The valid signatures by these keys, one or more; ERR_SIGNATURE_MISSING, ERR_SIGNATURE_BAD. */
export function verifyWithKeys(
  { name, thing, bytes, metadata }: KeySignedData,
  kind: EngineName,
  keys: readonly PublicKey[],
): readonly VerifiedSignature[] {
  const engine = SIGN_ENGINES[kind];
  const signatures = signaturesUnder(metadata, engine.metadataKey);
  if (signatures.length === 0)
    throw new TreeportError('ERR_SIGNATURE_MISSING', `${name} has no ${kind} signature`);
  const valid = signatures.flatMap((signature) => {
    const by = keys.find(({ key }) => engine.verify(bytes, signature, key));
    return by === undefined ? [] : [{ kind, key: by.id }];
  });
  if (valid.length > 0) return valid;
  throw new TreeportError(
    'ERR_SIGNATURE_BAD',
    `BAD signature: no ${kind} signature of ${name} is valid for the given keys (${keys.length} tried): it was made with another key, or the ${thing} or the signature was changed`,
  );
}

function readText(path: string): string {
  try {
    const bytes = readRegularFile(path, MAX_KEYFILE_BYTES);
    if (bytes !== undefined) return bytes.toString('utf8');
  } catch (error) {
    throw new TreeportError('ERR_NO_KEYS', `the keys in ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  throw new TreeportError('ERR_NO_KEYS', `there is no file ${path} with keys to verify with`);
}
