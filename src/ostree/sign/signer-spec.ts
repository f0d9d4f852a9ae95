/**
 * Signers on one line, for options and environment variables: `TYPE=file:PATH` for the keys in a file,
 * `TYPE=command:COMMAND` for a command that signs. The form follows ostree's `--sign-verify=TYPE=file:PATH`.
 * The keys themselves are never part of it, because every user of a machine sees command lines.
 */
import { TreeportError } from '../../base/errors.ts';
import { isEngineName } from './engines.ts';
import { signersInFile } from './key-file.ts';
import { commandSigner } from './sign-command.ts';
import { SIGNATURE_KINDS, type SignatureKind, type Signer } from './signer.ts';

/** ERR_USAGE, which names `option`; ERR_SIGNING_KEY for a file that cannot be used. */
export function parseSignerSpec(text: string, option: string): readonly Signer[] {
  const match = /^([a-z0-9]+)=(file|command):(.+)$/s.exec(text);
  const kind = SIGNATURE_KINDS.find((one) => one === match?.[1]);
  const value = match?.[3];
  if (kind === undefined || value === undefined) {
    const kinds = SIGNATURE_KINDS.join(', ');
    throw new TreeportError(
      'ERR_USAGE',
      `${option} is TYPE=file:PATH or TYPE=command:COMMAND, where TYPE is one of ${kinds}`,
    );
  }
  return match?.[2] === 'command' ? [commandSigner(kind, value)] : fileSigners(kind, value, option);
}

function fileSigners(kind: SignatureKind, path: string, option: string): readonly Signer[] {
  if (isEngineName(kind)) return signersInFile(kind, path);
  throw new TreeportError(
    'ERR_USAGE',
    `${option} gpg=file: GPG keys are in a key ring; let a command sign: gpg=command:"gpg --detach-sign …"`,
  );
}
