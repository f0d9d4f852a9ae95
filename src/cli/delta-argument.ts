/** The argument that names a delta: `TO` or `FROM-TO` of the repository, or the path of a superblock. */
import type { Command } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { StaticDelta } from '../delta/static/open-delta.ts';
import { parseDeltaKey } from '../ostree/delta-name.ts';
import { isEngineName } from '../ostree/sign/engines.ts';
import type { VerifiedSignature } from '../ostree/sign/signed-commit.ts';
import type { SignatureKind } from '../ostree/sign/signer.ts';
import { collectText } from './encapsulate-options.ts';
import { signTypeOption } from './sign-options.ts';

export function addDeltaArgument(command: Command): Command {
  return command.argument(
    '<delta>',
    'TO or FROM-TO, both commits, of the repository; or the path of a superblock or its directory',
  );
}

/**
 * A delta of the repository must be the one that its index lists, if that lists it. ERR_DELTA_MISSING,
 * ERR_DELTA_CORRUPT, ERR_DELTA_INDEX and what reading files throws.
 */
export async function openDeltaArgument(text: string, repoPath: string): Promise<StaticDelta> {
  const { openDeltaFile, openStoredDelta } = await import('../delta/static/open-delta.ts');
  const { checkDeltaIndex } = await import('../delta/static/check-index.ts');
  const name = parseDeltaKey(text);
  if (name === undefined) return openDeltaFile(text);
  const delta = openStoredDelta(repoPath, name);
  checkDeltaIndex(repoPath, name, delta.file);
  return delta;
}

export type DeltaKeysOptions = { readonly signType: SignatureKind; readonly keysFile?: readonly string[] };

export function addDeltaKeysOptions(command: Command): Command {
  return command
    .option(
      '--keys-file <path>',
      'require that the delta is signed by a public key in this file, of the kind --sign-type; may be repeated',
      collectText,
    )
    .addOption(signTypeOption());
}

/**
 * The valid signatures by the given keys; none without keys. ERR_NO_KEYS, ERR_SIGNATURE_MISSING,
 * ERR_SIGNATURE_BAD.
 */
export async function verifyDeltaKeys(
  delta: StaticDelta,
  { signType, keysFile = [] }: DeltaKeysOptions,
): Promise<readonly VerifiedSignature[]> {
  if (keysFile.length === 0) return [];
  if (!isEngineName(signType))
    throw new TreeportError('ERR_USAGE', 'deltas are signed with ed25519 or spki keys (--sign-type)');
  const { publicKeysInFile, verifyWithKeys } = await import('../ostree/sign/verify-with-keys.ts');
  const { signedDelta } = await import('../delta/static/signed-superblock.ts');
  const keys = keysFile.flatMap((path) => publicKeysInFile(signType, path));
  return verifyWithKeys(signedDelta(delta, delta.what), signType, keys);
}
