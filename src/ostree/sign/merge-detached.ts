/** Merges the detached metadata of an incoming commit into that of the same commit in the repository. */
import { isTreeportError } from '../../base/errors.ts';
import { variant } from '../../gvariant/index.ts';
import { dictView, type MetadataDict, parseDict, serializeDict } from '../metadata-dict.ts';

const LIST_TYPE = 'aay';
/** Limit for one key: readers of signatures reject more. */
const MAX_ENTRIES = 1000;

/**
 * Adds the signatures and keys that only `coming` has to `present`; never changes or drops anything present.
 * Returns `present` itself if nothing is added. Unreadable present metadata is replaced.
 */
export function mergeDetached(present: Buffer, coming: Buffer): Buffer {
  const dict = readable(present);
  if (dict === undefined) return coming;
  const merged = merge(dict, parseDict(coming));
  return merged === undefined ? present : serializeDict(merged);
}

function readable(bytes: Buffer): MetadataDict | undefined {
  try {
    return parseDict(bytes);
  } catch (error) {
    if (isTreeportError(error)) return undefined;
    throw error;
  }
}

/** Undefined if nothing is added. */
function merge(present: MetadataDict, coming: MetadataDict): MetadataDict | undefined {
  const merged = new Map(present);
  let isMore = false;
  for (const [key, value] of coming) {
    const entries = present.has(key) ? union(present, coming, key) : undefined;
    if (present.has(key) && entries === undefined) continue;
    merged.set(key, entries === undefined ? value : variant(LIST_TYPE, entries));
    isMore = true;
  }
  return isMore ? merged : undefined;
}

/** The entries under a key that has a list of byte strings on both sides; undefined if none is new. */
function union(present: MetadataDict, coming: MetadataDict, key: string): readonly Buffer[] | undefined {
  const entries = list(present, key);
  const known = new Set(entries?.map((entry) => entry.toString('hex')));
  const added = list(coming, key)?.filter((entry) => !known.has(entry.toString('hex'))) ?? [];
  if (entries === undefined || added.length === 0 || entries.length >= MAX_ENTRIES) return undefined;
  return [...entries, ...added].slice(0, MAX_ENTRIES);
}

function list(dict: MetadataDict, key: string): readonly Buffer[] | undefined {
  const view = dictView(dict, key, LIST_TYPE);
  return view === undefined ? undefined : Array.from(view, ({ bytes }) => Buffer.from(bytes));
}
