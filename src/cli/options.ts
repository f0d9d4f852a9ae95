/** Options that several verbs share. */
import { InvalidArgumentError, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import type { RegistryAccess } from '../oci/skopeo/registry-access.ts';

/** `--repo PATH`, required. */
export function repoOption(): Option {
  return new Option('--repo <path>', 'path of the ostree repository').makeOptionMandatory();
}

/** `--quiet`: no progress and no summary. */
export function quietOption(): Option {
  return new Option('-q, --quiet', 'print results and errors only');
}

/** `--timestamp-check`, for verbs that set a ref. */
export function timestampCheckOption(): Option {
  return new Option('--timestamp-check', 'refuse a commit that is older than the one its ref points to');
}

/** Throws ERR_USAGE for `--timestamp-check` without `--write-ref`, because it would have no effect. */
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
  return new Option('--authfile <path>', 'file with registry credentials, as podman login writes it');
}

/** The value of `--stall-timeout`, in seconds. */
export type StallOptions = { readonly stallTimeout?: number };

/** One day; timers are limited to some 24 days. */
const MAX_STALL_TIMEOUT = 86_400;

/** `--stall-timeout SECONDS`, for verbs that read images from registries. */
export function stallTimeoutOption(): Option {
  return new Option(
    '--stall-timeout <seconds>',
    'fail after a registry has sent nothing for this long; 0 disables the timeout (default: 60)',
  ).argParser((value) => {
    const seconds = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    if (seconds <= MAX_STALL_TIMEOUT) return seconds;
    throw new InvalidArgumentError(`It must be a number of seconds from 0 to ${MAX_STALL_TIMEOUT}.`);
  });
}

/** Maps the option to `openImage`'s. */
export function stallAccess({ stallTimeout }: StallOptions): RegistryAccess {
  return stallTimeout === undefined ? {} : { stallTimeout };
}
