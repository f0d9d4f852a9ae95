/**
 * Dirtree objects: `(a(say) a(sayay))` = files (name, content checksum) and subdirectories (name,
 * dirtree checksum, dirmeta checksum), each sorted by the bytes of the names.
 */
import { compareBytes } from '../base/bytes.ts';
import { type View, view, write } from '../gvariant/index.ts';
import { type Checksum, checksumFromBytes, checksumToBytes } from './checksum.ts';
import { objectFault } from './object-fault.ts';

export const DIRTREE_TYPE = '(a(say)a(sayay))';

export type FileEntry = { readonly name: string; readonly checksum: Checksum };
export type DirectoryEntry = { readonly name: string; readonly tree: Checksum; readonly meta: Checksum };

export type Dirtree = {
  readonly files: readonly FileEntry[];
  readonly directories: readonly DirectoryEntry[];
};

export function parseDirtree(bytes: Uint8Array): Dirtree {
  const reader = new DirtreeReader(bytes);
  return { files: [...reader.files()], directories: [...reader.directories()] };
}

/** Throws the errors of {@link parseDirtree} without keeping the entries. */
export function checkDirtree(bytes: Uint8Array): void {
  const reader = new DirtreeReader(bytes);
  for (const _ of reader.files());
  for (const _ of reader.directories());
}

/**
 * Iterates over the entries of a dirtree without keeping them. The constructor checks the names: single path
 * components, in strict order, and none both a file and a directory.
 */
export class DirtreeReader {
  readonly #files: View;
  readonly #directories: View;

  constructor(bytes: Uint8Array) {
    const dirtree = view(DIRTREE_TYPE, bytes).check();
    this.#files = dirtree.child(0);
    this.#directories = dirtree.child(1);
    checkNames(this.#files);
    checkNames(this.#directories);
    checkDisjoint(this.#files, this.#directories);
  }

  *files(): Generator<FileEntry> {
    for (const entry of this.#files) yield { name: nameOf(entry), checksum: checksumAt(entry, 1) };
  }

  *directories(): Generator<DirectoryEntry> {
    for (let index = 0; index < this.directoryCount; index++) yield this.directory(index);
  }

  get directoryCount(): number {
    return this.#directories.length;
  }

  directory(index: number): DirectoryEntry {
    const entry = this.#directories.child(index);
    return { name: nameOf(entry), tree: checksumAt(entry, 1), meta: checksumAt(entry, 2) };
  }
}

function nameOf(entry: View): string {
  return entry.child(0).value() as string;
}

function checksumAt(entry: View, member: number): Checksum {
  return checksumFromBytes(entry.child(member).bytes, 'a dirtree');
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

/** True for a single path component. Strings of variants never contain NUL. */
export function isEntryName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/');
}

/**
 * Names must be single path components in strict order; a hostile dirtree would escape the tree otherwise.
 */
function checkNames(entries: View): void {
  let previous: string | undefined;
  for (const entry of entries) {
    const name = nameOf(entry);
    if (!isEntryName(name)) {
      throw objectFault('a dirtree', `holds the invalid file name ${JSON.stringify(name)}`);
    }
    if (previous !== undefined && compareBytes(previous, name) >= 0) {
      throw objectFault('a dirtree', `is not sorted at ${JSON.stringify(name)}`);
    }
    previous = name;
  }
}

/**
 * If a symlink and a directory had the same name, unpacking would follow the symlink out of the tree. Both
 * are sorted.
 */
function checkDisjoint(files: View, directories: View): void {
  const at = { file: 0, directory: 0 };
  while (at.file < files.length && at.directory < directories.length) {
    const name = nameOf(files.child(at.file));
    const order = compareBytes(name, nameOf(directories.child(at.directory)));
    if (order === 0) {
      throw objectFault('a dirtree', `holds ${JSON.stringify(name)} both as a file and as a directory`);
    }
    if (order < 0) at.file += 1;
    else at.directory += 1;
  }
}
