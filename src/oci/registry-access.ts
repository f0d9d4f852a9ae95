/** How skopeo reaches registries: credentials and TLS. What is not said here is as skopeo and podman have it. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type RegistryAccess = {
  /** Credentials, as `podman login` writes them. */
  readonly authfile?: string;
  /** Use no credentials, whatever files there are. */
  readonly anonymous?: boolean;
  /** Directory with `*.crt`, `*.cert` and `*.key` for TLS. */
  readonly certDir?: string;
  /** Neither demand TLS nor verify certificates. */
  readonly insecureTls?: boolean;
};

/**
 * The words that tell skopeo. `side` stands before each option: `src-` for the source of a copy. Without credentials
 * named here or in `$REGISTRY_AUTH_FILE`, those of ostree are used where there are any.
 */
export async function accessWords(
  registry: RegistryAccess,
  side: '' | 'src-' = '',
): Promise<readonly string[]> {
  const { anonymous = false, certDir, insecureTls = false } = registry;
  const authfile = anonymous ? undefined : (registry.authfile ?? (await defaultAuthfile()));
  return [
    ...(authfile === undefined ? [] : [`--${side}authfile`, authfile]),
    ...(anonymous ? [`--${side}no-creds`] : []),
    ...(certDir === undefined ? [] : [`--${side}cert-dir`, certDir]),
    ...(insecureTls ? [`--${side}tls-verify=false`] : []),
  ];
}

/** The first of ostree's own files that can be read; undefined leaves the search to skopeo. */
async function defaultAuthfile(): Promise<string | undefined> {
  if (process.env.REGISTRY_AUTH_FILE) return undefined;
  for (const path of ostreeAuthfiles()) if (await canRead(path)) return path;
  return undefined;
}

/** Where ostree looks for credentials, in its order. */
export function ostreeAuthfiles(
  uid: number | undefined = process.getuid?.(),
  environment: NodeJS.ProcessEnv = process.env,
): readonly string[] {
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
