/** Options of the verbs that write images: access to registries, and what `skopeo copy` signs images with. */
import type { Command } from 'commander';
import {
  IMAGE_SIGNING_KEYS,
  type ImageSigning,
  type ImageSigningKey,
  signingOption,
} from '../oci/skopeo/image-signing.ts';
import { jsonOption, quietOption } from './options.ts';
import { addRegistryOptions, type RegistryOptions } from './registry-options.ts';

/** The values that commander passes to the action. */
export type PublishOptions = ImageSigning &
  RegistryOptions & { readonly quiet?: boolean; readonly json?: boolean; readonly digestfile?: string };

const SIGNING: Readonly<Record<ImageSigningKey, readonly [value: string, description: string]>> = {
  signBy: ['fingerprint', 'sign the image with this GPG key, on the way to a registry'],
  signBySigstorePrivateKey: ['path', 'sign the image with the sigstore private key in this file'],
  signBySigstore: ['path', 'sign the image as this sigstore parameter file says (skopeo 1.11 or later)'],
  signBySqFingerprint: ['fingerprint', 'sign the image with this key of Sequoia (skopeo 1.20 or later)'],
  signPassphraseFile: ['path', "file with the passphrase of the image's signing key"],
  signIdentity: ['reference', 'sign the image for this reference (default: the destination)'],
};

export function addPublishOptions(command: Command): Command {
  addRegistryOptions(command)
    .option('--digestfile <file>', 'also write the digest of the image to this file')
    .addOption(jsonOption())
    .addOption(quietOption());
  for (const key of IMAGE_SIGNING_KEYS) {
    const [value, description] = SIGNING[key];
    command.option(`${signingOption(key)} <${value}>`, description);
  }
  return command;
}
