/** Options of verbs that read images from registries, named as in ostree-ext. */
import type { Command } from 'commander';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';
import { authfileOption, type StallOptions, stallAccess, stallTimeoutOption } from './options.ts';

export type ProxyOptions = StallOptions & {
  readonly authfile?: string;
  readonly authAnonymous?: boolean;
  readonly certDir?: string;
  readonly insecureSkipTlsVerification?: boolean;
};

/** Adds the options to a verb. */
export function addProxyOptions(command: Command): Command {
  return command
    .addOption(authfileOption().conflicts('authAnonymous'))
    .option('--auth-anonymous', 'use no credentials, even if some are configured')
    .option('--cert-dir <path>', 'directory with *.crt, *.cert and *.key files for TLS with the registry')
    .option(
      '--insecure-skip-tls-verification',
      'accept any certificate of the registry, and plain HTTP if it has no TLS',
    )
    .addOption(stallTimeoutOption());
}

/** Maps the options to those of `openImage`. */
export function registryAccess(options: ProxyOptions): RegistryAccess {
  return {
    ...(options.authfile === undefined ? {} : { authfile: options.authfile }),
    ...stallAccess(options),
    ...(options.certDir === undefined ? {} : { certDir: options.certDir }),
    anonymous: options.authAnonymous ?? false,
    insecureTls: options.insecureSkipTlsVerification ?? false,
  };
}
