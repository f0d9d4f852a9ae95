/** Times of commits and signatures: seconds since 1970. Untrusted, so any 64-bit number. */

/** First second of the year 0 and last of 9999: the range of RFC 3339. */
const [FIRST, LAST] = [-62_167_219_200, 253_402_300_799];

/** As `2026-11-20T14:27:28Z`; undefined outside the years 0 to 9999. */
export function isoTimestamp(seconds: number): string | undefined {
  if (!(seconds >= FIRST && seconds <= LAST)) return undefined;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** Like {@link isoTimestamp}, but `@SECONDS`, as date(1) accepts it, outside those years. */
export function timestampText(seconds: number): string {
  return isoTimestamp(seconds) ?? `@${seconds}`;
}

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Whole seconds since 1970 of a time in the form of RFC 3339; undefined if it is none. */
export function parseTimestamp(text: string): number | undefined {
  const [, year, month, day] = RFC3339.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  // Date.parse takes the 30th of February as the 2nd of March.
  if (new Date(Date.UTC(2000 + (year % 400), month - 1, day)).getUTCDate() !== day) return undefined;
  const seconds = Math.floor(Date.parse(text) / 1000);
  return Number.isNaN(seconds) ? undefined : seconds;
}
