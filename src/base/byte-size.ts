/** Sizes in words: `500000000`, `500M`, `2G` (SI), `512MiB`, `2GiB` (powers of two). */
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
    `${what} "${text}" is no size: give bytes, or a number with k, M, G, T, Ki, Mi, Gi or Ti behind it`,
  );
}
