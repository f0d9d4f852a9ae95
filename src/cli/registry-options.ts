/** Options of every verb that reads or writes images, because an image may be in a registry. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';

/** The values that commander passes to the action. */
export type RegistryOptions = {
  readonly authfile?: string;
  readonly authAnonymous?: boolean;
  readonly credsFile?: string;
  readonly certDir?: string;
  readonly insecureSkipTlsVerification?: boolean;
  readonly stallTimeout?: number;
};

/** One day; timers are limited to some 24 days. */
const MAX_STALL_TIMEOUT = 86_400;

/** Adds the options to a verb. Most are named as in ostree-ext. */
export function addRegistryOptions(command: Command): Command {
  return command
    .addOption(new Option('--authfile <path>', 'file with registry credentials, as podman login writes it'))
    .addOption(
      new Option('--auth-anonymous', 'use no credentials, even if some are configured').conflicts('authfile'),
    )
    .addOption(
      new Option(
        '--creds-file <path>',
        'file with USER:PASSWORD for the registry of the image; - is stdin',
      ).conflicts(['authfile', 'authAnonymous']),
    )
    .option('--cert-dir <path>', 'directory with *.crt, *.cert and *.key files for TLS with the registry')
    .option(
      '--insecure-skip-tls-verification',
      'accept any certificate of the registry, and plain HTTP if it has no TLS',
    )
    .option(
      '--stall-timeout <seconds>',
      'fail after a registry has sent nothing for this long; 0 disables the timeout (default: 60)',
      parseStallTimeout,
    );
}

function parseStallTimeout(value: string): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (seconds <= MAX_STALL_TIMEOUT) return seconds;
  throw new InvalidArgumentError(`It must be a number of seconds from 0 to ${MAX_STALL_TIMEOUT}.`);
}

/** Maps the options to those of `openImage` and `publishImage`; reads the file with credentials. */
export async function registryAccess(options: RegistryOptions): Promise<RegistryAccess> {
  const { authfile, credsFile, certDir, stallTimeout } = options;
  return {
    ...(authfile === undefined ? {} : { authfile }),
    ...(credsFile === undefined ? {} : { credentials: await readCredentials(credsFile) }),
    ...(certDir === undefined ? {} : { certDir }),
    ...(stallTimeout === undefined ? {} : { stallTimeout }),
    anonymous: options.authAnonymous ?? false,
    insecureTls: options.insecureSkipTlsVerification ?? false,
  };
}

/** By path; a verb may ask several times, and a pipe can be read only once. */
const read = new Map<string, NonNullable<RegistryAccess['credentials']>>();

async function readCredentials(path: string): Promise<NonNullable<RegistryAccess['credentials']>> {
  const { readCredentialsFile } = await import('../oci/skopeo/credentials.ts');
  const credentials = read.get(path) ?? readCredentialsFile(path);
  read.set(path, credentials);
  return credentials;
}
