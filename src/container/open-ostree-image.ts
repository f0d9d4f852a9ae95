/** Opens the image of an ostree image reference, so far as the containers policy allows. */
import { requireSecurePolicy } from '../oci/containers-policy.ts';
import { type OpenedImage, type OpenImageOptions, openImage } from '../oci/image-source.ts';
import type { OstreeImageReference } from './ostree-image-reference.ts';

/**
 * Opens the image. Where the reference demands the containers policy, the policy must demand something
 * (ERR_POLICY_INSECURE) and the image satisfy it (ERR_POLICY); what a remote demands is the importer's to verify.
 */
export async function openOstreeImage(
  { verification, image }: OstreeImageReference,
  options: OpenImageOptions = {},
): Promise<OpenedImage> {
  if (verification.kind !== 'container-policy') return openImage(image, options);
  await requireSecurePolicy();
  return openImage(image, { ...options, enforcePolicy: true });
}
