/**
 * Classifies tar entries by their paths, for importers.
 *
 * | below `sysroot/ostree/repo/` | |
 * |---|---|
 * | `objects/XX/….commit`, `.commitmeta`, `.dirtree`, `.dirmeta` | a metadata object |
 * | `objects/XX/….file` | a content object |
 * | `objects/XX/….file-xattrs` | xattrs, named by their checksum (until 2025) |
 * | `objects/XX/….file-xattrs-link` | the xattrs of that content object, or a link to the former |
 * | `xattrs/…` | xattrs, named by their checksum (v0, 2021 and 2022) |
 * | `objects/XX/….file.xattrs` | a link to the former for the content object of that name |
 * | `config` | says that the stream is not v0, which has it elsewhere or not at all |
 *
 * Importers ignore everything else: the tree itself, refs, directories, and paths that start with `./` or
 * `/`.
 */
import { TreeportError } from '../base/errors.ts';
import { type Checksum, isChecksum } from '../ostree/checksum.ts';
import { type HashedMetadataType, isHashedMetadata, parseLooseName } from '../ostree/object-name.ts';
import { REPO_PATH } from './layout.ts';
import type { ReadEntry } from './read-entries.ts';

/** What streams carry: a tombstone is of one repository. */
export type TarMetadataType = HashedMetadataType | 'commitmeta';

export type ObjectEntry =
  | { readonly kind: 'metadata'; readonly type: TarMetadataType; readonly checksum: Checksum }
  | { readonly kind: 'content'; readonly checksum: Checksum }
  | { readonly kind: 'xattrs'; readonly checksum: Checksum }
  | { readonly kind: 'xattrs link'; readonly checksum: Checksum }
  | { readonly kind: 'config' };

const PREFIX = `${REPO_PATH}/`;

/** Undefined if the entry is to be skipped. ERR_TAR_OBJECT if its name is not valid for an object. */
export function classifyEntry({ path, type }: Pick<ReadEntry, 'path' | 'type'>): ObjectEntry | undefined {
  if (type === 'directory' || !path.startsWith(PREFIX)) return undefined;
  const [folder, ...rest] = path.slice(PREFIX.length).split('/');
  if (folder === 'config' && rest.length === 0) return { kind: 'config' };
  if (rest.at(-1) === 'config') return undefined;
  if (folder === 'objects') return looseEntry(path, rest);
  if (folder === 'xattrs') return { kind: 'xattrs', checksum: xattrsName(path, rest) };
  return undefined;
}

function looseEntry(path: string, names: readonly string[]): ObjectEntry {
  const [directory = '', fileName = ''] = names;
  const name = names.length === 2 ? parseLooseName(directory, fileName) : undefined;
  if (name === undefined) throw entryFault(path, 'this is not the name of an object');
  const { checksum, extension } = name;
  if (isHashedMetadata(extension) || extension === 'commitmeta')
    return { kind: 'metadata', type: extension, checksum };
  switch (extension) {
    case 'file':
      return { kind: 'content', checksum };
    case 'file-xattrs':
      return { kind: 'xattrs', checksum };
    case 'file-xattrs-link':
    case 'file.xattrs':
      return { kind: 'xattrs link', checksum };
    default:
      throw entryFault(path, `${JSON.stringify(extension)} is not a type of object`);
  }
}

function xattrsName(path: string, names: readonly string[]): Checksum {
  const [name = ''] = names;
  if (names.length === 1 && isChecksum(name)) return name;
  throw entryFault(path, 'this is not the name of extended attributes');
}

/**
 * The checksum in the target of a link to xattrs: the path of an object, relative or whole, or of a v0 file
 * of xattrs.
 */
export function xattrsTarget(path: string, target: string): Checksum {
  const [directory = '', fileName = ''] = target.split('/').slice(-2);
  if (isChecksum(fileName)) return fileName;
  const name = parseLooseName(directory, fileName);
  if (name === undefined)
    throw entryFault(path, `it links to "${target}", which are not extended attributes`);
  return name.checksum;
}

export function entryFault(path: string, what: string): TreeportError {
  return new TreeportError('ERR_TAR_OBJECT', `tar entry ${JSON.stringify(path)}: ${what}`);
}
