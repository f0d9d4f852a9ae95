/**
 * flatpak's part of a summary: for each app and runtime its sizes and its metadata file, so that clients need
 * not fetch every commit to list them. As `flatpak build-update-repo` writes it (flatpak 1.14,
 * `generate_summary` in common/flatpak-repo-utils.c):
 *
 * * `xa.cache` = `v` of `a{s(tts)}`: ref to installed size, download size (both big-endian) and metadata
 *   file;
 * * `xa.sparse-cache` = `a{sa{sv}}`: ref to optional facts: `eol` and `eolr` (`s`), `tokt` (`i`), `eds`
 *   (`(ut)`);
 * * `xa.cache-version` = `u` 2.
 *
 * Other numbers are little-endian.
 */
import { type Value, type Variant, variant } from '../../gvariant/index.ts';
import { swap64 } from '../byte-order.ts';
import { dictString, dictStrings, type MetadataDict } from '../metadata-dict.ts';

export type FlatpakEntry = {
  /** Byte-swapped, as the summary has them. */
  readonly installedSize: bigint;
  readonly downloadSize: bigint;
  readonly metadata: string;
  /** The entry of `xa.sparse-cache`; empty for most. */
  readonly sparse: MetadataDict;
  /** The subsets that the app or runtime belongs to. */
  readonly subsets: readonly string[];
};

const CACHE_VERSION = 2;
/** Name, downloaded size and installed size (both big-endian), checksum, URL. */
const EXTRA_DATA_TYPE = 'a(ayttays)';

/** Extracts the entry from a commit's metadata; undefined unless it is an app or runtime. */
export function flatpakEntry(metadata: MetadataDict): FlatpakEntry | undefined {
  const file = dictString(metadata, 'xa.metadata');
  const installedSize = sizeUnder(metadata, 'xa.installed-size');
  const downloadSize = sizeUnder(metadata, 'xa.download-size');
  if (file === undefined || installedSize === undefined || downloadSize === undefined) return undefined;
  const extra = extraData(metadata);
  return {
    installedSize: swap64(swap64(installedSize) + extra.installed),
    downloadSize: swap64(swap64(downloadSize) + extra.download),
    metadata: file,
    sparse: sparseEntry(metadata, extra),
    subsets: dictStrings(metadata, 'xa.subsets') ?? [],
  };
}

/** The summary keys for these refs; none without apps and runtimes. */
export function flatpakCache(entries: readonly (readonly [string, FlatpakEntry])[]): MetadataDict {
  if (entries.length === 0) return new Map();
  const cache = entries.map(([ref, { installedSize, downloadSize, metadata }]) => [
    ref,
    [installedSize, downloadSize, metadata],
  ]);
  const sparse = entries
    .filter(([, entry]) => entry.sparse.size > 0)
    .map(([ref, entry]) => [ref, [...entry.sparse]]);
  return new Map<string, Variant>([
    ['xa.cache-version', variant('u', CACHE_VERSION)],
    ['xa.cache', variant('v', variant('a{s(tts)}', cache))],
    ['xa.sparse-cache', variant('a{sa{sv}}', sparse)],
  ]);
}

function sizeUnder(metadata: MetadataDict, key: string): bigint | undefined {
  const found = metadata.get(key);
  return found?.type === 't' ? (found.value as bigint) : undefined;
}

function sparseEntry(metadata: MetadataDict, extra: ExtraData): MetadataDict {
  const entry = new Map<string, Variant>();
  const copy = (from: string, type: string, to: string) => {
    const found = metadata.get(from);
    if (found?.type === type) entry.set(to, found);
  };
  copy('ostree.endoflife', 's', 'eol');
  copy('ostree.endoflife-rebase', 's', 'eolr');
  copy('xa.token-type', 'i', 'tokt');
  if (extra.count > 0) entry.set('eds', variant('(ut)', [extra.count, extra.download]));
  return entry;
}

type ExtraData = { readonly count: number; readonly download: bigint; readonly installed: bigint };

/** Files downloaded from elsewhere when the app is installed; their sizes count towards the app's. */
function extraData(metadata: MetadataDict): ExtraData {
  const found = metadata.get('xa.extra-data-sources');
  const sources = found?.type === EXTRA_DATA_TYPE ? (found.value as readonly (readonly Value[])[]) : [];
  const total = (member: 1 | 2) =>
    sources.reduce((sum, source) => sum + swap64(source[member] as bigint), 0n);
  return { count: sources.length, download: total(1), installed: total(2) };
}
