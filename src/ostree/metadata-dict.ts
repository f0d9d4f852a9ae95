/**
 * `a{sv}` dictionaries: commit metadata, detached metadata, summary metadata. Order is kept, so that a
 * dictionary that was read serializes to the same bytes.
 */
import { read, type Value, type Variant, variant, write } from '../gvariant/index.ts';

export const DICT_TYPE = 'a{sv}';

export type MetadataDict = ReadonlyMap<string, Variant>;

export function dictFromValue(value: Value): MetadataDict {
  return new Map(value as readonly (readonly [string, Variant])[]);
}

export function dictToValue(dict: MetadataDict): Value {
  return [...dict];
}

export function parseDict(bytes: Uint8Array): MetadataDict {
  return dictFromValue(read(DICT_TYPE, bytes));
}

export function serializeDict(dict: MetadataDict): Buffer {
  return write(DICT_TYPE, dictToValue(dict));
}

/** The string under `key`, or undefined if it is absent or of another type. */
export function dictString(dict: MetadataDict, key: string): string | undefined {
  const found = dict.get(key);
  return found?.type === 's' ? (found.value as string) : undefined;
}

export function dictBoolean(dict: MetadataDict, key: string): boolean | undefined {
  const found = dict.get(key);
  return found?.type === 'b' ? (found.value as boolean) : undefined;
}

/** The list of strings under `key`, or undefined if it is absent or of another type. */
export function dictStrings(dict: MetadataDict, key: string): readonly string[] | undefined {
  const found = dict.get(key);
  return found?.type === 'as' ? (found.value as readonly string[]) : undefined;
}

export function stringVariant(text: string): Variant {
  return variant('s', text);
}
