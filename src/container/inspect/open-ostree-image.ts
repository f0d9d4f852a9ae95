/** Opens the image of an ostree image reference, as ostree clients do: with their credentials, under the containers policy. */

import { type OpenedImage, type OpenImageOptions, openImage } from '../../oci/read/open-image.ts';
import { requireSignaturePolicy } from '../../oci/skopeo/containers-policy.ts';
import { withOstreeCredentials } from './ostree-authfile.ts';
import type { OstreeImageReference } from './ostree-image-reference.ts';

/**
 * Opens the image. Where the reference demands the containers policy, the policy must demand a signature
 * of this image (ERR_POLICY_INSECURE) and the image satisfy it (ERR_POLICY); what a remote demands is the importer's to verify.
 */
export async function openOstreeImage(
  { verification, image }: OstreeImageReference,
  options: OpenImageOptions = {},
): Promise<OpenedImage> {
  const isPolicys = verification.kind === 'container-policy';
  if (isPolicys) await requireSignaturePolicy(image);
  const known = await withOstreeCredentials(options);
  return openImage(image, isPolicys ? { ...known, enforcePolicy: true } : known);
}
