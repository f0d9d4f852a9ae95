/** Options that several verbs share. */
import { Option } from 'commander';
import { TreeportError } from '../base/errors.ts';

/** `--repo PATH`, required. */
export function repoOption(): Option {
  return new Option('--repo <path>', 'path of the ostree repository').makeOptionMandatory();
}

/** `--json`, as one document; docs/schemas/ has a schema for each verb. */
export function jsonOption(): Option {
  return new Option('--json', 'print everything as one JSON document');
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

export const PROGRESS_STYLES = ['none', 'plain', 'tty', 'json'] as const;
export type ProgressStyle = (typeof PROGRESS_STYLES)[number];

/** `--progress STYLE`, which every verb with `--quiet` has. */
export function progressOption(): Option {
  return new Option(
    '--progress <style>',
    'how to show progress on stderr: none, plain (lines), tty (a bar) or json (default: tty on a terminal, else plain)',
  ).choices(PROGRESS_STYLES);
}
