/**
 * The grammar of paths below the base path: everything that an ostree or flatpak client may request, and
 * nothing else. A path that does not parse is a 404. Files are only looked up under names rebuilt from the
 * parsed parts, so that no request can escape the repository.
 *
 * Percent-encoding is decoded after splitting at `/`. A `+`, which delta names contain, stays a plus.
 */
import { assumeChecksum, type Checksum, checksumFromDeltaName } from '../ostree/checksum.ts';
import { type DeltaName, parseDeltaDirectory } from '../ostree/delta-name.ts';
import { isMetadataType, type MetadataType } from '../ostree/object-name.ts';
import { isRefName } from '../ostree/ref-name.ts';

export type RepoTarget =
  | { readonly kind: 'config' | 'summary' }
  /** A file of the repository that belongs to the summary, at this path. */
  | { readonly kind: 'summary-file'; readonly path: string }
  /** A `.flatpakrepo` or `.flatpakref` file. */
  | { readonly kind: 'flatpak-file'; readonly path: string }
  /** A ref below `root`, which is `refs/heads` or `refs/mirrors/<collection id>`. */
  | { readonly kind: 'ref'; readonly root: string; readonly name: string }
  | { readonly kind: 'metadata'; readonly type: MetadataType; readonly checksum: Checksum }
  | { readonly kind: 'content'; readonly checksum: Checksum }
  /** `file` is `superblock` or the number of a part. */
  | { readonly kind: 'delta'; readonly name: DeltaName; readonly file: string }
  | { readonly kind: 'delta-index'; readonly to: Checksum };

const OBJECT = /^objects\/([0-9a-f]{2})\/([0-9a-f]{62})\.([a-z-]+)$/;
const SUMMARY_FILES: readonly string[] = ['summary.sig', 'summary.idx', 'summary.idx.sig'];
/** Flatpak's sub-summaries, the signature of an index, and deltas between sub-summaries. */
const SUB_SUMMARY = /^(?:[0-9a-f]{64}\.(?:gz|idx\.sig)|[0-9a-f]{64}-[0-9a-f]{64}\.delta)$/;
/** Flatpak's files for users, at the top of a repository. */
const FLATPAK_FILE = /^[\p{L}\p{N}_][-.\p{L}\p{N}_+]*\.flatpak(?:repo|ref)$/u;
const DELTA_FILE = /^(?:superblock|0|[1-9][0-9]{0,6})$/;
const COLLECTION_ID = /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+$/;
const MAX_PATH_LENGTH = 4096;

/** Parses the path behind `<base path>/`, without a query. */
export function parseRepoPath(path: string): RepoTarget | undefined {
  const object = OBJECT.exec(path);
  if (object !== null) return objectTarget(object);
  if (path.length > MAX_PATH_LENGTH) return undefined;
  if (!path.includes('%')) return parseParts(path.split('/'));
  const decoded = decodeParts(path.split('/'));
  return decoded === undefined ? undefined : parseParts(decoded);
}

function objectTarget(match: RegExpExecArray): RepoTarget | undefined {
  const checksum = assumeChecksum(`${match[1]}${match[2]}`);
  const extension = match[3] as string;
  if (extension === 'filez') return { kind: 'content', checksum };
  return isMetadataType(extension) ? { kind: 'metadata', type: extension, checksum } : undefined;
}

/** Undefined if a part is not UTF-8 or contains an encoded separator. */
function decodeParts(parts: readonly string[]): readonly string[] | undefined {
  try {
    const decoded = parts.map((part) => decodeURIComponent(part));
    return decoded.some((part) => /[/\0]/.test(part)) ? undefined : decoded;
  } catch {
    return undefined;
  }
}

function parseParts(parts: readonly string[]): RepoTarget | undefined {
  const [first = '', second = '', third = '', fourth = ''] = parts;
  switch (first) {
    case 'config':
    case 'summary':
      return parts.length === 1 ? { kind: first } : undefined;
    case 'summaries':
      return parts.length === 2 && SUB_SUMMARY.test(second)
        ? { kind: 'summary-file', path: `summaries/${second}` }
        : undefined;
    case 'refs':
      return refTarget(second, parts.slice(2));
    case 'objects': {
      const object = parts.length === 3 ? OBJECT.exec(parts.join('/')) : null;
      return object === null ? undefined : objectTarget(object);
    }
    case 'deltas': {
      const name =
        parts.length === 4 && DELTA_FILE.test(fourth) ? parseDeltaDirectory(second, third) : undefined;
      return name === undefined ? undefined : { kind: 'delta', name, file: fourth };
    }
    case 'delta-indexes':
      return parts.length === 3 ? deltaIndexTarget(second, third) : undefined;
    default:
      if (parts.length !== 1) return undefined;
      if (FLATPAK_FILE.test(first)) return { kind: 'flatpak-file', path: first };
      return SUMMARY_FILES.includes(first) ? { kind: 'summary-file', path: first } : undefined;
  }
}

function refTarget(kind: string, rest: readonly string[]): RepoTarget | undefined {
  const [id = '', ...parts] = rest;
  if (kind === 'heads')
    return isRef(rest) ? { kind: 'ref', root: 'refs/heads', name: rest.join('/') } : undefined;
  if (kind !== 'mirrors' || !COLLECTION_ID.test(id) || !isRef(parts)) return undefined;
  return { kind: 'ref', root: `refs/mirrors/${id}`, name: parts.join('/') };
}

function isRef(parts: readonly string[]): boolean {
  return isRefName(parts.join('/'));
}

function deltaIndexTarget(fanOut: string, file: string): RepoTarget | undefined {
  if (fanOut.length !== 2 || !file.endsWith('.index')) return undefined;
  const to = checksumFromDeltaName(fanOut + file.slice(0, -'.index'.length));
  return to === undefined ? undefined : { kind: 'delta-index', to };
}
