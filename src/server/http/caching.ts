/**
 * How long answers may be kept (RFC 9111), and requests that ask whether something has changed (RFC 9110
 * §13). Entity tags are strong; a date counts only if the request has no tag. ostree clients spell the zone
 * of their dates `UTC` and, in some locales, use foreign month names.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** For objects: they never change under their name. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';
/**
 * For summary and signature, which must be of one generation; for delta parts, which change under the same
 * name when a delta is generated again; and for 404s, because the next commit may bring the file.
 */
export const REVALIDATE = 'no-cache';
/** For detached metadata, which grows signatures, and for small documents. */
export const SHORT = 'public, max-age=10';
/** For an object in another form than the canonical one. */
export const BRIEF = 'public, max-age=60';
export const NOT_STORED = 'no-store';

/** The `Vary` of answers that depend on which client asks. */
export const BY_CLIENT = 'user-agent';

export type Validators = {
  /** Without its quotes; undefined if the next answer may have other bytes. */
  readonly etag: string | undefined;
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

function matches(tags: string, etag: string | undefined): boolean {
  if (tags.trim() === '*') return true;
  if (etag === undefined) return false;
  return tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${etag}"`);
}
