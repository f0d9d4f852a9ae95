/**
 * How skopeo accesses registries: credentials, TLS, timeout. Everything else is configured as for skopeo and
 * podman.
 */

export type RegistryAccess = {
  /** Credentials, as `podman login` writes them. */
  readonly authfile?: string;
  /** Ignore all credentials. */
  readonly anonymous?: boolean;
  /** Directory with `*.crt`, `*.cert` and `*.key` for TLS. */
  readonly certDir?: string;
  /** Neither demand TLS nor verify certificates. */
  readonly insecureTls?: boolean;
  /** Seconds without a byte after which a transfer fails with ERR_REGISTRY_STALLED; 0: never. Default: 60. */
  readonly stallTimeout?: number;
};

/** The options for skopeo. `side` is their prefix: `src-` for the source of a copy. */
export function accessArgs(registry: RegistryAccess, side: '' | 'src-' = ''): readonly string[] {
  const { authfile, anonymous = false, certDir, insecureTls = false } = registry;
  return [
    ...(anonymous ? [`--${side}no-creds`] : authfile === undefined ? [] : [`--${side}authfile`, authfile]),
    ...(certDir === undefined ? [] : [`--${side}cert-dir`, certDir]),
    ...(insecureTls ? [`--${side}tls-verify=false`] : []),
  ];
}
