/**
 * `a{sv}` dictionaries: commit metadata, detached metadata, summary metadata. Order is kept, so that a
 * dictionary that was read serializes to the same bytes.
 *
 * Duplicate keys are rejected, because GLib uses the first and a map the last: a signature could be verified
 * in one and used from the other. Values are decoded lazily.
 */
import { TreeportError } from '../base/errors.ts';
import { type Value, type Variant, type View, variant, view, write } from '../gvariant/index.ts';

export const DICT_TYPE = 'a{sv}';

export type MetadataDict = ReadonlyMap<string, Variant>;

/** Maximum number of keys; even the deltas of a large summary are fewer. */
const MAX_KEYS = 2 ** 16;

/** A dictionary, possibly inside a larger variant; ERR_VARIANT. */
export function dictFromView(entries: View): MetadataDict {
  if (entries.length > MAX_KEYS)
    throw new TreeportError('ERR_VARIANT', `a dictionary has ${entries.length} keys, more than ${MAX_KEYS}`);
  const dict = new Map<string, Variant>();
  for (const entry of entries) {
    const key = entry.child(0).value() as string;
    if (dict.has(key))
      throw new TreeportError('ERR_VARIANT', `a dictionary has the key ${JSON.stringify(key)} twice`);
    dict.set(key, lazyVariant(entry.child(1).child(0)));
  }
  return dict;
}

/** The views behind lazy variants. */
const views = new WeakMap<Variant, View>();

function lazyVariant(content: View): Variant {
  const lazy: Variant = {
    type: content.type,
    get value(): Value {
      return content.value();
    },
  };
  views.set(lazy, content);
  return lazy;
}

/** A view of the value under `key`, for large values; undefined if it is absent or of another type. */
export function dictView(dict: MetadataDict, key: string, type: string): View | undefined {
  const found = dict.get(key);
  if (found?.type !== type) return undefined;
  return views.get(found) ?? view(type, write(type, found.value));
}

export function dictToValue(dict: MetadataDict): Value {
  return [...dict];
}

/** Parses a serialized `a{sv}`. ERR_VARIANT. */
export function parseDict(bytes: Uint8Array): MetadataDict {
  return dictFromView(view(DICT_TYPE, bytes).check());
}

/** True if the serialized dictionary has the key; decodes no value. ERR_VARIANT. */
export function hasKey(bytes: Uint8Array, key: string): boolean {
  return view(DICT_TYPE, bytes).check().lookup(key) !== undefined;
}

/** Serializes as `a{sv}`, the keys in their order. */
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
