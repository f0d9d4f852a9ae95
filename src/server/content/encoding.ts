/**
 * How content objects are compressed (docs/decisions/0030-deflate-levels.md): a level that the operator gives
 * counts everywhere. Without one, a server with a cache answers at once, uncompressed, and compresses well
 * for the cache when nobody waits; one without a cache compresses a little each time.
 */
import { TreeportError } from '../../base/errors.ts';

/** 0 stores, 9 is smallest. */
export type DeflateLevel = number | 'auto';

export type Encoding = {
  /** The level of an object that is encoded while a client waits. */
  readonly onDemand: number;
  /** The level of what is kept in the cache. */
  readonly cached: number;
};

const STORED = 0;
const QUICK = 1;
const SMALL = 6;

export function encodingOf(level: DeflateLevel, hasCache: boolean): Encoding {
  if (level !== 'auto') return { onDemand: level, cached: level };
  return hasCache ? { onDemand: STORED, cached: SMALL } : { onDemand: QUICK, cached: QUICK };
}

/** The level that `text` names; ERR_USAGE if it is none. */
export function parseDeflateLevel(text: string): DeflateLevel {
  if (text === 'auto') return text;
  if (/^[0-9]$/.test(text)) return Number(text);
  throw new TreeportError('ERR_USAGE', `deflate level "${text}" is neither auto nor one of 0 (stored) to 9`);
}
