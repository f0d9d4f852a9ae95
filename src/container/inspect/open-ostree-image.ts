/**
 * Opens the image of an ostree image reference, as ostree clients do: with the credentials of the OS and
 * under the containers policy.
 */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { openImage } from '../../oci/read/open-image.ts';
import type { OpenImageOptions } from '../../oci/read/open-image-options.ts';
import type { OpenedImage } from '../../oci/read/opened-image.ts';
import { requireSignaturePolicy } from '../../oci/skopeo/containers-policy.ts';
import type { RegistryAccess } from '../../oci/skopeo/registry-access.ts';
import type { OstreeImageReference } from './ostree-image-reference.ts';

/**
 * Opens the image. If the reference demands the containers policy, the policy must require a signature of
 * this image (ERR_POLICY_INSECURE) and the image must satisfy it (ERR_POLICY). The importer verifies the
 * signatures that a remote demands.
 */
export async function openOstreeImage(
  { verification, image }: OstreeImageReference,
  options: OpenImageOptions = {},
): Promise<OpenedImage> {
  const enforcePolicy = verification.kind === 'container-policy';
  if (enforcePolicy) await requireSignaturePolicy(image);
  const withCredentials = await withOstreeCredentials(options);
  return openImage(image, enforcePolicy ? { ...withCredentials, enforcePolicy } : withCredentials);
}

/**
 * Adds the first readable one of ostree's own credential files, unless `registry` or `$REGISTRY_AUTH_FILE`
 * chooses the credentials. Without such a file skopeo searches its own places.
 */
export async function withOstreeCredentials<Access extends RegistryAccess>(
  registry: Access,
  environment: NodeJS.ProcessEnv = process.env,
  uid: number | undefined = process.getuid?.(),
): Promise<Access> {
  if ((registry.authfile ?? registry.credentials) !== undefined || registry.anonymous === true)
    return registry;
  if (environment.REGISTRY_AUTH_FILE) return registry;
  for (const authfile of ostreeAuthfiles(uid, environment))
    if (await canRead(authfile)) return { ...registry, authfile };
  return registry;
}

/** The paths where ostree looks for credentials, in its order. */
export function ostreeAuthfiles(uid: number | undefined, environment: NodeJS.ProcessEnv): readonly string[] {
  if (uid === 0) return ['/run/ostree/auth.json', '/etc/ostree/auth.json', '/usr/lib/ostree/auth.json'];
  const runtime = environment.XDG_RUNTIME_DIR;
  const config = environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), '.config');
  return [...(runtime ? [runtime] : []), config].map((base) => join(base, 'ostree/auth.json'));
}

async function canRead(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
