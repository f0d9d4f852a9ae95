/** Parses durations: whole or decimal seconds. */
import { TreeportError } from './errors.ts';

const DAY = 86_400;

/** Milliseconds; `what` names the option in ERR_USAGE. At most a day. */
export function parseSeconds(text: string, what: string): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= DAY) return Math.round(seconds * 1000);
  throw new TreeportError('ERR_USAGE', `${what} "${text}" is not a number of seconds from 0 to ${DAY}`);
}
