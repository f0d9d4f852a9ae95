/** How skopeo reaches registries: credentials, TLS, patience. What is not said here is as skopeo and podman have it. */

export type RegistryAccess = {
  /** Credentials, as `podman login` writes them. */
  readonly authfile?: string;
  /** Use no credentials, whatever files there are. */
  readonly anonymous?: boolean;
  /** Directory with `*.crt`, `*.cert` and `*.key` for TLS. */
  readonly certDir?: string;
  /** Neither demand TLS nor verify certificates. */
  readonly insecureTls?: boolean;
  /** Seconds without a byte after which a transfer is given up, ERR_REGISTRY_STALLED; 0: never. 60 unless given. */
  readonly stallTimeout?: number;
};

/** The words that tell skopeo. `side` stands before each option: `src-` for the source of a copy. */
export function accessWords(registry: RegistryAccess, side: '' | 'src-' = ''): readonly string[] {
  const { authfile, anonymous = false, certDir, insecureTls = false } = registry;
  return [
    ...(anonymous ? [`--${side}no-creds`] : authfile === undefined ? [] : [`--${side}authfile`, authfile]),
    ...(certDir === undefined ? [] : [`--${side}cert-dir`, certDir]),
    ...(insecureTls ? [`--${side}tls-verify=false`] : []),
  ];
}
