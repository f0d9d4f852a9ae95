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
