/**
 * Conditional requests (RFC 9110 §13): entity tags are strong; a date counts only where no tag was sent.
 * ostree clients send their dates with the zone spelled `UTC` and, in some locales, foreign month names.
 */
import type { IncomingHttpHeaders } from 'node:http';

export type Validators = {
  /** Without its quotes. */
  readonly etag: string;
  /** Milliseconds since 1970; undefined where there is no honest date. */
  readonly lastModified: number | undefined;
};

/** True if the request has a condition at all. */
export function isConditional(headers: IncomingHttpHeaders): boolean {
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
}

/** True if the client already has what the validators describe. */
export function isNotModified(headers: IncomingHttpHeaders, validators: Validators): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) return matches(tags, validators.etag);
  const since = headers['if-modified-since'];
  if (since === undefined || validators.lastModified === undefined) return false;
  const date = Date.parse(since.replace(/\bUTC$/, 'GMT'));
  return Math.floor(validators.lastModified / 1000) * 1000 <= date;
}

function matches(tags: string, etag: string): boolean {
  if (tags.trim() === '*') return true;
  return tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${etag}"`);
}
