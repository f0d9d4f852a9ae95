/**
 * Signatures of images, which `skopeo copy` makes while it pushes: GPG ("simple signing") and sigstore. Keys
 * are named by id or file; passphrases are in files. Options that the installed skopeo does not have are
 * refused before the image is built.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';

/** Options of `skopeo copy`, without the dashes, in camel case. */
export type ImageSigning = {
  /** Fingerprint of a GPG key. */
  readonly signBy?: string;
  /** Path of a sigstore private key. */
  readonly signBySigstorePrivateKey?: string;
  /** Path of a parameter file for sigstore; skopeo 1.11. */
  readonly signBySigstore?: string;
  /** Fingerprint of a key of Sequoia's store; skopeo 1.20. */
  readonly signBySqFingerprint?: string;
  /** Path of the file with the key's passphrase. */
  readonly signPassphraseFile?: string;
  /** The reference to sign for; by default the one that is pushed to. */
  readonly signIdentity?: string;
};

export type ImageSigningKey = keyof ImageSigning;

export const IMAGE_SIGNING_KEYS: readonly ImageSigningKey[] = [
  'signBy',
  'signBySigstorePrivateKey',
  'signBySigstore',
  'signBySqFingerprint',
  'signPassphraseFile',
  'signIdentity',
];

/** `--sign-by-sigstore-private-key`, from the key. */
export function signingOption(key: ImageSigningKey): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const run = promisify(execFile);

/**
 * The options that are set, for skopeo; ERR_USAGE if this skopeo lacks one, ERR_SKOPEO_MISSING, ERR_SKOPEO.
 */
export async function signingArgs(signing: ImageSigning): Promise<readonly string[]> {
  const wanted = IMAGE_SIGNING_KEYS.flatMap((key) => {
    const value = signing[key];
    return value === undefined ? [] : [{ option: signingOption(key), value }];
  });
  if (wanted.length === 0) return [];
  const help = await skopeoText(['copy', '--help']);
  const lacking = wanted.find(({ option }) => !new RegExp(`\\s${option}\\s`).test(help));
  if (lacking !== undefined) {
    const version = (await skopeoText(['--version'])).trim();
    throw new TreeportError(
      'ERR_USAGE',
      `the installed skopeo (${version}) has no option ${lacking.option}; install a newer one`,
    );
  }
  return wanted.flatMap(({ option, value }) => [option, value]);
}

export function isSigning(signing: ImageSigning): boolean {
  return IMAGE_SIGNING_KEYS.some((key) => signing[key] !== undefined);
}

async function skopeoText(args: readonly string[]): Promise<string> {
  try {
    return (await run('skopeo', args)).stdout;
  } catch (error) {
    const code = errnoOf(error) === 'ENOENT' ? 'ERR_SKOPEO_MISSING' : 'ERR_SKOPEO';
    throw new TreeportError(code, `skopeo ${args.join(' ')} failed: ${messageOf(error)}`, { cause: error });
  }
}
