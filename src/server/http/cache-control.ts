/**
 * How long answers may be kept, by what they are. Objects never change under their name; a delta that is
 * made again has other parts under the same names; summary and signature must be revalidated so that both are of one generation; detached metadata grows
 * signatures; an answer "not there" may become untrue with the next commit.
 */
export const IMMUTABLE = 'public, max-age=31536000, immutable';
export const REVALIDATE = 'no-cache';
export const SHORT = 'public, max-age=10';
/** For what another form is about to replace. */
export const BRIEF = 'public, max-age=60';
export const NOT_STORED = 'no-store';
