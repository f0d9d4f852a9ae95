/**
 * Names of objects: a type and a checksum, written `<checksum>.<type>`. A repository stores them at
 * `objects/<2 digits>/<62 digits>.<extension>`.
 */
import { assumeChecksum, type Checksum, isChecksum } from './checksum.ts';

/** Metadata objects whose id is the SHA-256 of their bytes: what a commit consists of besides content. */
export type HashedMetadataType = 'commit' | 'dirtree' | 'dirmeta';

/**
 * Object types that are stored as one serialized variant. The last two are named after the commit they belong
 * to.
 */
export type MetadataType = HashedMetadataType | 'commitmeta' | 'tombstone-commit';

export type ObjectType = MetadataType | 'file';

export type ObjectName = {
  readonly type: ObjectType;
  readonly checksum: Checksum;
};

const HASHED_TYPES: readonly string[] = ['commit', 'dirtree', 'dirmeta'];

export function isHashedMetadata(text: string): text is HashedMetadataType {
  return HASHED_TYPES.includes(text);
}

export function isMetadataType(text: string): text is MetadataType {
  return isHashedMetadata(text) || text === 'commitmeta' || text === 'tombstone-commit';
}

/** `<checksum>.<type>`, as messages name an object. */
export function formatObjectName(name: ObjectName): string {
  return `${name.checksum}.${name.type}`;
}

/** Parses names made by {@link formatObjectName}. Not for untrusted text. */
export function parseObjectName(text: string): ObjectName {
  const [checksum = '', type = ''] = text.split('.');
  return { checksum: assumeChecksum(checksum), type: type as ObjectType };
}

/** The first object that a message names, as all messages about objects do; `filez` names a file. */
export function objectNameIn(message: string): ObjectName | undefined {
  const [, name] = /\b([0-9a-f]{64}\.(?:file|dirtree|dirmeta|commit))z?\b/.exec(message) ?? [];
  return name === undefined ? undefined : parseObjectName(name);
}

/** Path of a loose object below the repository, with the given extension. */
export function loosePath(checksum: Checksum, extension: string): string {
  return `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${extension}`;
}

/** Path of an object below an archive repository. */
export function archivePath({ type, checksum }: ObjectName): string {
  return loosePath(checksum, type === 'file' ? 'filez' : type);
}

export type LooseName = {
  readonly checksum: Checksum;
  /** Everything after the first dot: `commit`, `filez`, `file`, `file-xattrs-link`, … */
  readonly extension: string;
};

/** Parses the directory and file name of a loose object; undefined if they are not valid. */
export function parseLooseName(directory: string, fileName: string): LooseName | undefined {
  const dot = fileName.indexOf('.');
  if (dot !== 62) return undefined;
  const checksum = directory + fileName.slice(0, dot);
  if (directory.length !== 2 || !isChecksum(checksum)) return undefined;
  return { checksum, extension: fileName.slice(dot + 1) };
}

/** Parses the path of a loose object below `objects/`; undefined if it is none. */
export function parseLoosePath(path: string): LooseName | undefined {
  const [directory = '', file = '', ...rest] = path.split('/');
  return rest.length === 0 ? parseLooseName(directory, file) : undefined;
}
