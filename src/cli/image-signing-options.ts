/** Options of the verbs that push images: what `skopeo copy` signs them with. */
import type { Command } from 'commander';
import { IMAGE_SIGNING_KEYS, type ImageSigningKey, signingOption } from '../oci/skopeo/image-signing.ts';

const DESCRIPTIONS: Readonly<Record<ImageSigningKey, readonly [value: string, description: string]>> = {
  signBy: ['fingerprint', 'sign the image with this GPG key, on the way to a registry'],
  signBySigstorePrivateKey: ['path', 'sign the image with the sigstore private key in this file'],
  signBySigstore: ['path', 'sign the image as this sigstore parameter file says (skopeo 1.11 or later)'],
  signBySqFingerprint: ['fingerprint', 'sign the image with this key of Sequoia (skopeo 1.20 or later)'],
  signPassphraseFile: ['path', "file with the passphrase of the image's signing key"],
  signIdentity: ['reference', 'sign the image for this reference (default: the destination)'],
};

export function addImageSigningOptions(command: Command): Command {
  for (const key of IMAGE_SIGNING_KEYS) {
    const [value, description] = DESCRIPTIONS[key];
    command.option(`${signingOption(key)} <${value}>`, description);
  }
  return command;
}
