/**
 * How skopeo accesses registries: credentials, TLS, timeout. Everything else is configured as for skopeo and
 * podman.
 */
import type { ImageReference } from '../model/reference.ts';
import { authenticationFile, type Credentials } from './credentials.ts';

export type RegistryAccess = {
  /** Credentials, as `podman login` writes them. */
  readonly authfile?: string;
  /** Credentials for the registry of the image, instead of `authfile`. */
  readonly credentials?: Credentials;
  /** Ignore all credentials. */
  readonly anonymous?: boolean;
  /** Directory with `*.crt`, `*.cert` and `*.key` for TLS. */
  readonly certDir?: string;
  /** Neither demand TLS nor verify certificates. */
  readonly insecureTls?: boolean;
  /** Seconds without a byte after which a transfer fails with ERR_REGISTRY_STALLED; 0: never. Default: 60. */
  readonly stallTimeout?: number;
};

export type SkopeoAccess = {
  readonly args: readonly string[];
  /** Text for skopeo's standard input. */
  readonly input: string | undefined;
};

/** What skopeo needs for this image. `side` is the prefix of its options: `src-` for the source of a copy. */
export function skopeoAccess(
  { transport, name }: ImageReference,
  registry: RegistryAccess,
  side: '' | 'src-' | 'dest-' = '',
): SkopeoAccess {
  const { authfile, credentials, anonymous = false, certDir, insecureTls = false } = registry;
  const hasCredentials = credentials !== undefined && transport === 'registry' && !anonymous;
  const file = hasCredentials ? '/dev/stdin' : authfile;
  return {
    args: [
      ...(anonymous ? [`--${side}no-creds`] : file === undefined ? [] : [`--${side}authfile`, file]),
      ...(certDir === undefined ? [] : [`--${side}cert-dir`, certDir]),
      ...(insecureTls ? [`--${side}tls-verify=false`] : []),
    ],
    input: hasCredentials ? authenticationFile(name, credentials) : undefined,
  };
}
