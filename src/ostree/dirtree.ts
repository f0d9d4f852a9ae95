/**
 * Dirtree objects: `(a(say) a(sayay))` = files (name, content checksum) and subdirectories (name,
 * dirtree checksum, dirmeta checksum), each sorted by the bytes of the names.
 */
import { compareBytes } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import { read, write } from '../gvariant/index.ts';
import { type Checksum, checksumFromBytes, checksumToBytes } from './checksum.ts';

export const DIRTREE_TYPE = '(a(say)a(sayay))';

export type FileEntry = { readonly name: string; readonly checksum: Checksum };
export type DirectoryEntry = { readonly name: string; readonly tree: Checksum; readonly meta: Checksum };

export type Dirtree = {
  readonly files: readonly FileEntry[];
  readonly directories: readonly DirectoryEntry[];
};

type DirtreeTuple = readonly [
  readonly (readonly [string, Buffer])[],
  readonly (readonly [string, Buffer, Buffer])[],
];

export function parseDirtree(bytes: Uint8Array): Dirtree {
  const [files, directories] = read(DIRTREE_TYPE, bytes) as DirtreeTuple;
  checkNames(files);
  checkNames(directories);
  checkDisjoint(files, directories);
  return {
    files: files.map(([name, checksum]) => ({ name, checksum: checksumFromBytes(checksum, 'a dirtree') })),
    directories: directories.map(([name, tree, meta]) => ({
      name,
      tree: checksumFromBytes(tree, 'a dirtree'),
      meta: checksumFromBytes(meta, 'a dirtree'),
    })),
  };
}

/** Serializes the entries, sorting them. */
export function serializeDirtree(tree: Dirtree): Buffer {
  const files = tree.files.toSorted((a, b) => compareBytes(a.name, b.name));
  const directories = tree.directories.toSorted((a, b) => compareBytes(a.name, b.name));
  return write(DIRTREE_TYPE, [
    files.map(({ name, checksum }) => [name, checksumToBytes(checksum)]),
    directories.map(({ name, tree, meta }) => [name, checksumToBytes(tree), checksumToBytes(meta)]),
  ]);
}

/** Names must be single path components in strict order: what a hostile dirtree would break first. */
function checkNames(entries: readonly (readonly [string, ...unknown[]])[]): void {
  let previous: string | undefined;
  for (const [name] of entries) {
    if (name === '' || name === '.' || name === '..' || name.includes('/')) {
      throw new TreeportError(
        'ERR_OBJECT_CORRUPT',
        `a dirtree holds the invalid file name ${JSON.stringify(name)}`,
      );
    }
    if (previous !== undefined && compareBytes(previous, name) >= 0) {
      throw new TreeportError('ERR_OBJECT_CORRUPT', `a dirtree is not sorted at ${JSON.stringify(name)}`);
    }
    previous = name;
  }
}

/** One name for a symlink and a directory would lead whoever unpacks the tree out of it. */
function checkDisjoint(files: DirtreeTuple[0], directories: DirtreeTuple[1]): void {
  if (files.length === 0 || directories.length === 0) return;
  const names = new Set(files.map(([name]) => name));
  const twice = directories.find(([name]) => names.has(name));
  if (twice !== undefined) {
    const name = JSON.stringify(twice[0]);
    throw new TreeportError(
      'ERR_OBJECT_CORRUPT',
      `a dirtree holds ${name} both as a file and as a directory`,
    );
  }
}
