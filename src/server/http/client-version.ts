/** What a request's User-Agent says of the ostree client. */
import type { IncomingHttpHeaders } from 'node:http';

/** curl's and soup's fetchers both send `libostree/2025.2`, perhaps followed by the name of the program. */
const LIBOSTREE = /^libostree\/(\d{4})\.(\d{1,3})(?!\d)/;
const FIRST = { year: 2023, release: 7 };

/**
 * True for libostree 2023.7 or later. Earlier ones scan the commit while they apply parts of a delta, and so
 * fetch nearly every object besides; other programs are unknown.
 */
export function fetchesDeltasAlone(headers: IncomingHttpHeaders): boolean {
  const match = LIBOSTREE.exec(headers['user-agent'] ?? '');
  if (match === null) return false;
  const [year, release] = [Number(match[1]), Number(match[2])];
  return year > FIRST.year || (year === FIRST.year && release >= FIRST.release);
}
