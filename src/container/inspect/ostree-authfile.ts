/** The credentials of the OS: where ostree clients look for them when nothing else is said. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { RegistryAccess } from '../../oci/skopeo/registry-access.ts';

/**
 * `registry`, with the first of ostree's own files that can be read where neither it nor `$REGISTRY_AUTH_FILE` says
 * anything of credentials. Without such a file the search is left to skopeo.
 */
export async function withOstreeCredentials<Access extends RegistryAccess>(
  registry: Access,
  environment: NodeJS.ProcessEnv = process.env,
  uid: number | undefined = process.getuid?.(),
): Promise<Access> {
  if (registry.authfile !== undefined || registry.anonymous === true) return registry;
  if (environment.REGISTRY_AUTH_FILE) return registry;
  for (const authfile of ostreeAuthfiles(uid, environment))
    if (await canRead(authfile)) return { ...registry, authfile };
  return registry;
}

/** Where ostree looks for credentials, in its order. */
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
