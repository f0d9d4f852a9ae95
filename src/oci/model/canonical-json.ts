/**
 * Canonical JSON, RFC 8785: no whitespace, object members sorted by the UTF-16 code units of their names,
 * numbers and strings as ECMAScript writes them. All JSON of images is written this way, so that equal data
 * has equal digests.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Json } from './json.ts';

/** The canonical bytes of `value`; ERR_JSON for lone surrogates and non-finite numbers. */
export function canonicalJson(value: Json): Buffer {
  return Buffer.from(serialize(value));
}

function serialize(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(serialize).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, member]) => `${string(key)}:${serialize(member as Json)}`).join(',')}}`;
  }
  if (typeof value === 'string') return string(value);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TreeportError('ERR_JSON', `${value} cannot be written as JSON`);
  }
  return JSON.stringify(value);
}

function string(text: string): string {
  if (!text.isWellFormed()) {
    throw new TreeportError('ERR_JSON', `the string ${JSON.stringify(text)} is not valid Unicode`);
  }
  return JSON.stringify(text);
}
