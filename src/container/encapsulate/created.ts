/** Times in image configurations. */
import { TreeportError } from '../../base/errors.ts';
import { isoTimestamp } from '../../base/timestamp.ts';

/** Seconds since 1970 as `2026-11-20T14:27:28Z`; ERR_TIMESTAMP if an image cannot have such a time. */
export function formatTimestamp(seconds: number): string {
  const text = isoTimestamp(seconds);
  if (text !== undefined) return text;
  throw new TreeportError(
    'ERR_TIMESTAMP',
    `the timestamp of the commit, ${seconds}, is outside the years 0 to 9999; give the image a time with --created`,
  );
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** The `created` of history entries: the image's own in UTC with seconds, or 1970 if it is not a time. */
export function historyTimestamp(created: string): string {
  const milliseconds = RFC3339.test(created) ? Date.parse(created) : Number.NaN;
  return isoTimestamp(Math.floor(milliseconds / 1000)) ?? formatTimestamp(0);
}
