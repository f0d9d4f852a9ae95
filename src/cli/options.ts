/** Options that several verbs share. */
import { Option } from 'commander';

/** `--repo PATH`, required. */
export function repoOption(): Option {
  return new Option('--repo <path>', 'path of the ostree repository').makeOptionMandatory();
}

/** `--quiet`: no progress, no closing words. */
export function quietOption(): Option {
  return new Option('-q, --quiet', 'print results and errors only');
}

/** `--authfile PATH`, for skopeo. */
export function authfileOption(): Option {
  return new Option('--authfile <path>', 'credentials for registries, as podman login writes them');
}
