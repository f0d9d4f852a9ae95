/** Options that several verbs share. */
import { Option } from 'commander';

/** `--repo PATH`, required. */
export function repoOption(): Option {
  return new Option('--repo <path>', 'path of the ostree repository').makeOptionMandatory();
}
