/** Plain JSON data, and parsing of untrusted JSON. */
import { messageOf, TreeportError } from '../../base/errors.ts';
import { MAX_JSON_DEPTH, MAX_JSON_SIZE } from './media-types.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** Members that are undefined are not written. */
export type JsonObject = { readonly [key: string]: Json | undefined };

/**
 * Parses UTF-8 JSON of at most `limit` bytes (default: 4 MiB) and 64 levels. `what` names the document in
 * ERR_JSON.
 */
export function parseJson(bytes: Uint8Array, what: string, limit: number = MAX_JSON_SIZE): Json {
  if (bytes.length > limit) {
    throw new TreeportError('ERR_JSON', `${what} is ${bytes.length} bytes of JSON, more than ${limit}`);
  }
  if (isDeeperThan(MAX_JSON_DEPTH, bytes)) {
    throw new TreeportError('ERR_JSON', `${what} is JSON nested more than ${MAX_JSON_DEPTH} levels deep`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
  } catch (error) {
    throw new TreeportError('ERR_JSON', `${what} is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{`, `]` and `}`. */
const OPENING: readonly number[] = [0x5b, 0x7b];
const CLOSING: readonly number[] = [0x5d, 0x7d];

/** Counts brackets outside strings before parsing, because code that walks the values recurses. */
function isDeeperThan(limit: number, bytes: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) inString = !inString;
    else if (inString) at += byte === BACKSLASH ? 1 : 0;
    else if (OPENING.includes(byte)) depth += 1;
    else if (CLOSING.includes(byte)) depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}

/** `value` as an object; `where` names it in ERR_JSON, as in the functions below. */
export function jsonObject(value: Json | undefined, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrongShape(where, 'an object');
  return value as JsonObject;
}

export function jsonArray(value: Json | undefined, where: string): readonly Json[] {
  if (!Array.isArray(value)) throw wrongShape(where, 'an array');
  return value;
}

export function jsonString(value: Json | undefined, where: string): string {
  if (typeof value !== 'string') throw wrongShape(where, 'a string');
  return value;
}

/** A size or count: an integer from 0 up to 2^53 - 1. */
export function jsonSize(value: Json | undefined, where: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw wrongShape(where, 'a non-negative integer');
  return value as number;
}

/** Checks that `value` is an object of strings, null or undefined. */
export function jsonStringMap(value: Json | undefined, where: string): void {
  if (value === undefined || value === null) return;
  for (const [key, member] of Object.entries(jsonObject(value, where))) jsonString(member, `${where}.${key}`);
}

function wrongShape(where: string, expected: string): TreeportError {
  return new TreeportError('ERR_JSON', `${where} is not ${expected}`);
}
