/** Options that several verbs share. */
import { InvalidArgumentError, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';

/** `--repo PATH`, required. */
export function repoOption(): Option {
  return new Option('--repo <path>', 'path of the ostree repository').makeOptionMandatory();
}

/** `--quiet`: no progress, no closing options. */
export function quietOption(): Option {
  return new Option('-q, --quiet', 'print results and errors only');
}

/** `--timestamp-check`, of the verbs that set a ref. */
export function timestampCheckOption(): Option {
  return new Option('--timestamp-check', 'refuse a commit that is older than the one its ref names');
}

/** ERR_USAGE for an option that only says something about `--write-ref`. */
export function checkTimestampOption(options: {
  readonly timestampCheck?: boolean;
  readonly writeRef?: string;
}): void {
  if (options.timestampCheck !== true || options.writeRef !== undefined) return;
  throw new TreeportError(
    'ERR_USAGE',
    '--timestamp-check compares with the commit of a ref; give --write-ref',
  );
}

/** `--authfile PATH`, for skopeo. */
export function authfileOption(): Option {
  return new Option('--authfile <path>', 'credentials for registries, as podman login writes them');
}

/** The value of `--stall-timeout`. */
export type StallOptions = { readonly stallTimeout?: number };

/** Longer timers do not exist. */
const MAX_STALL_TIMEOUT = 86_400;

/** `--stall-timeout SECONDS`, for verbs that read images from registries. */
export function stallTimeoutOption(): Option {
  return new Option(
    '--stall-timeout <seconds>',
    'give up when a registry has sent nothing for so long; 0 is never (default: 60)',
  ).argParser((word) => {
    const seconds = /^\d+(?:\.\d+)?$/.test(word) ? Number(word) : Number.NaN;
    if (seconds <= MAX_STALL_TIMEOUT) return seconds;
    throw new InvalidArgumentError(`It is a number of seconds from 0 to ${MAX_STALL_TIMEOUT}.`);
  });
}

/** What the value means for openImage. */
export function stallAccess({ stallTimeout }: StallOptions): RegistryAccess {
  return stallTimeout === undefined ? {} : { stallTimeout };
}
