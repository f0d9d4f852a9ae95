/** Options of the verbs that sign: which keys, in files, behind commands, or gpg's. */
import { type Command, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { LibostreeRepo } from '../native/ostree/repository.ts';
import { isEngineName } from '../ostree/sign/engines.ts';
import { SIGNATURE_KINDS, type SignatureKind, type Signer } from '../ostree/sign/signer.ts';
import { collectText } from './encapsulate-options.ts';

export type GpgCliOptions = { readonly gpgSign?: readonly string[]; readonly gpgHomedir?: string };

export type SignerCliOptions = GpgCliOptions & {
  readonly signType: SignatureKind;
  readonly keysFile?: readonly string[];
  readonly signCommand?: readonly string[];
};

/** `--sign-type`, the kind of signature that other options are about. */
export function signTypeOption(): Option {
  return new Option('-s, --sign-type <type>', 'kind of signature')
    .choices(SIGNATURE_KINDS)
    .default('ed25519' satisfies SignatureKind);
}

export function addGpgOptions(command: Command): Command {
  return command
    .option('--gpg-sign <key>', 'sign with this GPG key, an id or fingerprint; may be repeated', collectText)
    .option('--gpg-homedir <path>', "GPG home directory with the key (default: the user's)");
}

export function addSignerOptions(command: Command): Command {
  command
    .addOption(signTypeOption())
    .option(
      '--keys-file <path>',
      'sign with every secret key in this file: ed25519 lines of base64, or spki as PEM; may be repeated',
      collectText,
    )
    .option(
      '--sign-command <command>',
      'sign by a shell command: bytes on its stdin, the signature on its stdout; may be repeated',
      collectText,
    );
  return addGpgOptions(command);
}

/** The signers that the options name, one or more; ERR_USAGE, ERR_SIGNING_KEY. */
export async function signersFrom(
  options: SignerCliOptions,
  repo: LibostreeRepo,
): Promise<readonly Signer[]> {
  const { signType, keysFile = [], signCommand = [] } = options;
  const signers = [
    ...(await Promise.all(keysFile.map((path) => fileSigners(signType, path)))).flat(),
    ...(await Promise.all(signCommand.map((command) => commandSigner(signType, command)))),
    ...(await gpgSigners(options, repo)),
  ];
  if (signers.length > 0) return signers;
  throw new TreeportError('ERR_USAGE', 'name a key to sign with: --keys-file, --sign-command or --gpg-sign');
}

/** The signers of `--gpg-sign`. */
export async function gpgSigners(
  { gpgSign = [], gpgHomedir }: GpgCliOptions,
  repo: LibostreeRepo,
): Promise<readonly Signer[]> {
  if (gpgSign.length === 0) return [];
  const { gpgSigner } = await import('../native/ostree/gpg-signer.ts');
  return gpgSign.map((key) =>
    gpgSigner(repo, { key, ...(gpgHomedir === undefined ? {} : { home: gpgHomedir }) }),
  );
}

async function fileSigners(kind: SignatureKind, path: string): Promise<readonly Signer[]> {
  if (!isEngineName(kind)) {
    throw new TreeportError(
      'ERR_USAGE',
      '--keys-file has ed25519 or spki keys (--sign-type); GPG keys are in a key ring: give --gpg-sign',
    );
  }
  const { signersInFile } = await import('../ostree/sign/key-file.ts');
  return signersInFile(kind, path);
}

async function commandSigner(kind: SignatureKind, command: string): Promise<Signer> {
  const { commandSigner: byCommand } = await import('../ostree/sign/sign-command.ts');
  return byCommand(kind, command);
}
