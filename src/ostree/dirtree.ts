/**
 * Dirtree objects: `(a(say) a(sayay))` = files (name, content checksum) and subdirectories (name,
 * dirtree checksum, dirmeta checksum), each sorted by the bytes of the names.
 */
import { asBuffer, compareBytes } from '../base/bytes.ts';
import { chooseWidth, offsetWidth, readOffset } from '../gvariant/framing.ts';
import { view, write } from '../gvariant/index.ts';
import { MAX_CHECKED } from '../gvariant/view.ts';
import { type Checksum, checksumToBytes } from './checksum.ts';
import { DirtreeList } from './dirtree-list.ts';
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
  readonly #files: DirtreeList;
  readonly #directories: DirtreeList;

  constructor(bytes: Uint8Array) {
    const [files, directories] = listsOf(asBuffer(bytes));
    checkNames(files);
    checkNames(directories);
    checkDisjoint(files, directories);
    this.#files = files;
    this.#directories = directories;
  }

  *files(): Generator<FileEntry> {
    const files = this.#files;
    for (let index = 0; index < files.count; index++)
      yield { name: files.name(index), checksum: files.checksum(index, 0) };
  }

  *directories(): Generator<DirectoryEntry> {
    for (let index = 0; index < this.directoryCount; index++) yield this.directory(index);
  }

  get directoryCount(): number {
    return this.#directories.count;
  }

  directory(index: number): DirectoryEntry {
    const list = this.#directories;
    return { name: list.name(index), tree: list.checksum(index, 0), meta: list.checksum(index, 1) };
  }
}

function listsOf(bytes: Buffer): readonly [files: DirtreeList, directories: DirtreeList] {
  const { length } = bytes;
  const width = offsetWidth(length);
  const bodyEnd = length - width;
  const middle = bodyEnd < 0 ? -1 : readOffset(bytes, bodyEnd, width);
  if (middle >= 0 && middle <= bodyEnd && chooseWidth(bodyEnd, 1) === width) {
    const files = new DirtreeList({ bytes, start: 0, end: middle }, 1);
    const directories = new DirtreeList({ bytes, start: middle, end: bodyEnd }, 2);
    const isBounded = files.count * 3 + directories.count * 4 + 3 <= MAX_CHECKED;
    if (isBounded && files.isNormal() && directories.isNormal()) return [files, directories];
  }
  // The general codec says what is wrong.
  view(DIRTREE_TYPE, bytes).check();
  throw objectFault('a dirtree', 'is not in normal form');
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
function checkNames(entries: DirtreeList): void {
  for (let index = 0; index < entries.count; index++) {
    if (!entries.isEntryName(index))
      throw objectFault('a dirtree', `holds the invalid file name ${JSON.stringify(entries.name(index))}`);
    if (index > 0 && entries.compareNames(index - 1, entries, index) >= 0)
      throw objectFault('a dirtree', `is not sorted at ${JSON.stringify(entries.name(index))}`);
  }
}

/**
 * If a symlink and a directory had the same name, unpacking would follow the symlink out of the tree. Both
 * are sorted.
 */
function checkDisjoint(files: DirtreeList, directories: DirtreeList): void {
  const at = { file: 0, directory: 0 };
  while (at.file < files.count && at.directory < directories.count) {
    const order = files.compareNames(at.file, directories, at.directory);
    if (order === 0) {
      const name = JSON.stringify(files.name(at.file));
      throw objectFault('a dirtree', `holds ${name} both as a file and as a directory`);
    }
    if (order < 0) at.file += 1;
    else at.directory += 1;
  }
}
