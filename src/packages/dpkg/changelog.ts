/**
 * Changelogs of Debian packages (deb-changelog(5)): entries of a heading, text, and a line
 * ` -- Author <mail>  date`. Text that is no entry is skipped.
 */
import type { ChangelogEntry } from '../package.ts';

const HEADING = /^(\S+) \(([^\s()]+)\)(?: [^\s;]+)+;.*$/gm;
const TRAILER = /^ -- (.*?) {2}(.+?)\s*$/gm;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DATE = /^(?:\w{3,9},? +)?(\d{1,2}) (\w{3})\w* (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)/;

/** Times of the entries in seconds since 1970, newest first. */
export function changeTimes(text: string): readonly number[] {
  const times: number[] = [];
  for (const [, , date = ''] of text.matchAll(TRAILER)) {
    const time = parseDate(date);
    if (time !== undefined) times.push(time);
  }
  return times.toSorted((a, b) => b - a);
}

/** The entries in the order of the file, which is newest first. */
export function changelogEntries(text: string): readonly ChangelogEntry[] {
  const headings = [...text.matchAll(HEADING)];
  return headings.flatMap((heading, index) => {
    const body = text.slice(heading.index + heading[0].length, headings[index + 1]?.index ?? text.length);
    const trailer = [...body.matchAll(TRAILER)][0];
    const time = trailer === undefined ? undefined : parseDate(trailer[2] ?? '');
    if (trailer === undefined || time === undefined) return [];
    const lines = body
      .slice(0, trailer.index)
      .replace(/^(?:[ \t]*\n)+/, '')
      .trimEnd();
    return [{ time, author: trailer[1] ?? '', version: heading[2], text: lines }];
  });
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
