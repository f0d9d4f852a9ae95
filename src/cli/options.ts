/** Options that several verbs share. */
import { Option } from 'commander';
import { TreeportError } from '../base/errors.ts';

/** `--repo PATH`, required. */
export function repoOption(): Option {
  return new Option('--repo <path>', 'path of the ostree repository').makeOptionMandatory();
}

/** `--quiet`: no progress, no closing words. */
export function quietOption(): Option {
  return new Option('-q, --quiet', 'print results and errors only');
}

/** `--timestamp-check`, of the verbs that set a ref. */
export function timestampCheckOption(): Option {
  return new Option('--timestamp-check', 'refuse a commit that is older than the one its ref names');
}

/** ERR_USAGE for an option that only says something about `--write-ref`. */
export function checkTimestampOption(words: {
  readonly timestampCheck?: boolean;
  readonly writeRef?: string;
}): void {
  if (words.timestampCheck !== true || words.writeRef !== undefined) return;
  throw new TreeportError(
    'ERR_USAGE',
    '--timestamp-check compares with the commit of a ref; give --write-ref',
  );
}

/** `--authfile PATH`, for skopeo. */
export function authfileOption(): Option {
  return new Option('--authfile <path>', 'credentials for registries, as podman login writes them');
}
