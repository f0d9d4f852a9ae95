/** Times in image configurations. */

/** Seconds since 1970 as `2026-11-20T14:27:28Z`. */
export function formatTimestamp(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** The `created` of history entries: the image's own in UTC with seconds, or 1970 if it is not a time. */
export function historyTimestamp(created: string): string {
  const milliseconds = RFC3339.test(created) ? Date.parse(created) : Number.NaN;
  return formatTimestamp(Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000));
}
