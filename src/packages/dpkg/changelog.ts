/**
 * Changelogs of Debian packages (deb-changelog(5)): entries of a heading, text, and a line
 * ` -- Author <mail>  date`. Text that is no entry is skipped.
 */
import type { ChangelogEntry } from '../package.ts';

const HEADING = /^(\S+) \(([^\s()]+)\)(?: [^\s;]+)+;.*$/gm;
const TRAILER = /^ -- (.*)$/gm;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DATE = /^(?:\w{3,9},? +)?(\d{1,2}) (\w{3})\w* (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)/;

/** Times of the entries in seconds since 1970, newest first. */
export function changeTimes(text: string): readonly number[] {
  const times: number[] = [];
  for (const [, line = ''] of text.matchAll(TRAILER)) {
    const trailer = parseTrailer(line);
    if (trailer !== undefined) times.push(trailer.time);
  }
  return times.toSorted((a, b) => b - a);
}

/** The entries in the order of the file, which is newest first. */
export function changelogEntries(text: string): readonly ChangelogEntry[] {
  const headings = [...text.matchAll(HEADING)];
  return headings.flatMap((heading, index) => {
    const body = text.slice(heading.index + heading[0].length, headings[index + 1]?.index ?? text.length);
    const end = [...body.matchAll(TRAILER)][0];
    const trailer = parseTrailer(end?.[1] ?? '');
    if (end === undefined || trailer === undefined) return [];
    const lines = body.slice(0, end.index).trimEnd().split('\n');
    const first = lines.findIndex((line) => line.trim() !== '');
    return [{ ...trailer, version: heading[2], text: lines.slice(Math.max(first, 0)).join('\n') }];
  });
}

/** Two spaces part author and date. A regular expression could take quadratic time on long lines. */
function parseTrailer(line: string): { readonly author: string; readonly time: number } | undefined {
  const gap = line.indexOf('  ');
  const time = gap < 0 ? undefined : parseDate(line.slice(gap).trim());
  return time === undefined ? undefined : { author: line.slice(0, gap), time };
}

/** RFC 2822, as `date -R` prints it. `Date.parse` accepts far more, and is slower. */
function parseDate(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, day, month = '', year, hours, minutes, seconds, sign, zoneHours, zoneMinutes] = match;
  const index = MONTHS.indexOf(month);
  if (index < 0) return undefined;
  const utc = Date.UTC(Number(year), index, Number(day), Number(hours), Number(minutes), Number(seconds));
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60;
  return utc / 1000 - (sign === '-' ? -zone : zone);
}
