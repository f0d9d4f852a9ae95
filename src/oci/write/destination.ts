/**
 * Checks a destination before an image is made: what fails there later would fail after all the work. Leaves
 * the destination as it is.
 */
import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errnoOf, systemReason, TreeportError } from '../../base/errors.ts';
import { formatImageReference, type ImageReference, layoutLocation } from '../model/reference.ts';
import { type ImageSigning, isSigning, signingArgs } from '../skopeo/image-signing.ts';
import type { RegistryAccess } from '../skopeo/registry-access.ts';
import { requireSkopeo } from '../skopeo/skopeo.ts';
import { createArchiveSink } from './archive.ts';
import { createLayoutSink } from './layout-directory.ts';
import { probePush } from './push-probe.ts';

export type DestinationOptions = RegistryAccess & {
  /** Sign the image while it is pushed; only for transports of skopeo that keep signatures. */
  readonly signing?: ImageSigning;
  /** An image index is written, with all its images. */
  readonly isIndex?: boolean;
};

/**
 * Throws if no image can be written there: ERR_USAGE, ERR_IMAGE_TARGET, ERR_IO, ERR_SIGNING_KEY, and the
 * errors of skopeo. A registry is asked, for 20 s at most.
 */
export async function checkDestination(
  reference: ImageReference,
  options: DestinationOptions = {},
): Promise<void> {
  const { signing = {}, isIndex = false } = options;
  if (isIndex) refuseIndex(reference);
  if (isSigning(signing)) await checkSigning(reference, signing);
  switch (reference.transport) {
    case 'oci':
      return (await createLayoutSink(layoutLocation(reference))).abort();
    case 'oci-archive':
      return (await createArchiveSink(layoutLocation(reference))).abort();
    case 'docker-archive':
      await refuseArchive(layoutLocation(reference).path);
      await checkWritable(layoutLocation(reference).path);
      return requireSkopeo();
    case 'dir':
      await checkWritable(reference.name);
      return requireSkopeo();
    case 'docker-daemon':
      return requireSkopeo();
    default:
      return probePush(reference, options);
  }
}

/** These hold single images only. */
function refuseIndex(reference: ImageReference): void {
  if (!['containers-storage', 'docker-archive', 'docker-daemon'].includes(reference.transport)) return;
  throw new TreeportError(
    'ERR_USAGE',
    `${formatImageReference(reference)} cannot hold an image index: write it to a registry (docker://NAME), oci: or oci-archive:`,
  );
}

/** Signatures of images have a place in registries and containers-storage, but not in these. */
async function checkSigning(reference: ImageReference, signing: ImageSigning): Promise<void> {
  if (['oci', 'oci-archive', 'docker-archive', 'docker-daemon'].includes(reference.transport))
    throw new TreeportError(
      'ERR_USAGE',
      `an image cannot be signed in ${formatImageReference(reference)}: push it to a registry (docker://NAME) to sign it`,
    );
  const { signBySigstorePrivateKey, signBySigstore, signPassphraseFile } = signing;
  for (const path of [signBySigstorePrivateKey, signBySigstore, signPassphraseFile])
    if (path !== undefined)
      await access(path, constants.R_OK).catch((error) => {
        throw new TreeportError('ERR_SIGNING_KEY', `cannot read ${path}: ${systemReason(error)}`);
      });
  await signingArgs(signing);
}

/** skopeo adds nothing to archives. */
async function refuseArchive(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || (found.isFile() && found.size === 0)) return;
  throw new TreeportError('ERR_IMAGE_TARGET', `${path} exists; it was left as it is`);
}

/** ERR_IO if neither `path` nor, where nothing is there, the directory to make it in can be written. */
async function checkWritable(path: string): Promise<void> {
  for (let place = resolve(path); ; place = dirname(place))
    try {
      return await access(place, constants.W_OK);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' && place !== dirname(place)) continue;
      throw new TreeportError('ERR_IO', `cannot write ${path}: ${systemReason(error)}`, { cause: error });
    }
}
