/**
 * Parses and formats sizes: `500000000`, `500M`, `2G` (SI), `512MiB`, `2GiB` (powers of two). Prints SI
 * units.
 */
import { TreeportError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The number of bytes; `what` names the option in ERR_USAGE. */
export function parseByteSize(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)([kMGT]|[KMGT]i)?B?$/.exec(text);
  const bytes = Math.floor(Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? Number.NaN));
  if (match !== null && Number.isSafeInteger(bytes)) return bytes;
  throw new TreeportError(
    'ERR_USAGE',
    `${what} "${text}" is not a size: give bytes, or a number followed by k, M, G, T, Ki, Mi, Gi or Ti`,
  );
}

const SI_UNITS = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/**
 * A human-readable size: `17 bytes`, `1.5 MB`. Digits match GLib's g_format_size, which also puts a no-break
 * space before units from kB up; `space` may be one.
 */
export function formatByteSize(bytes: number, space = ' '): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const power = Math.min(Math.floor((String(Math.floor(bytes)).length - 1) / 3), SI_UNITS.length);
  return `${oneDecimal(bytes / 1000 ** power)}${space}${SI_UNITS[power - 1]}`;
}

/** As C's `%.1f`, which rounds a half to the even digit; toFixed rounds it up. */
function oneDecimal(value: number): string {
  return value % 1 === 0.25 ? `${Math.floor(value)}.2` : value.toFixed(1);
}
