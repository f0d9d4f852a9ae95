/**
 * Builds the tree of a commit while its entries arrive: depth first, the entries of a directory in any order.
 * A directory is written when it is left, so memory holds the entries of the open directories only, however
 * large the tree. Roots on disk, merges of trees and derived layers are built with it; commit-tree.ts is the
 * first user.
 */
import type { Checksum } from './checksum.ts';
import { type Dirmeta, serializeDirmeta } from './dirmeta.ts';
import { type DirectoryEntry, type FileEntry, isEntryName, serializeDirtree } from './dirtree.ts';
import { objectFault } from './object-fault.ts';
import type { HashedMetadataType } from './object-name.ts';
import type { TreeRoot } from './tree-roots.ts';

/** Writes a metadata object and returns its id. */
export type MetadataWriter = {
  metadata(type: HashedMetadataType, bytes: Uint8Array): Promise<Checksum>;
};

type OpenDirectory = {
  readonly name: string;
  readonly meta: Dirmeta;
  readonly names: Set<string>;
  readonly files: FileEntry[];
  readonly directories: DirectoryEntry[];
};

export class TreeBuilder {
  readonly #writer: MetadataWriter;
  /** From the root down; never empty before {@link finish}. */
  readonly #open: OpenDirectory[];

  constructor(writer: MetadataWriter, root: Dirmeta) {
    this.#writer = writer;
    this.#open = [openDirectory('', root)];
  }

  /**
   * Adds a content object that is written elsewhere. ERR_OBJECT_CORRUPT for a name that is invalid or there
   * already.
   */
  file(name: string, checksum: Checksum): void {
    this.#claim(name).files.push({ name, checksum });
  }

  /** Adds a whole directory whose objects exist already, as merges take them from their sources. */
  tree(name: string, { tree, meta }: TreeRoot): void {
    this.#claim(name).directories.push({ name, tree, meta });
  }

  /** Begins a directory: entries go there until {@link leave}. */
  enter(name: string, meta: Dirmeta): void {
    this.#claim(name);
    this.#open.push(openDirectory(name, meta));
  }

  /** Writes the directory that was entered last. */
  async leave(): Promise<void> {
    if (this.#open.length < 2) throw new RangeError('the root is left with finish()');
    const directory = this.#open.pop() as OpenDirectory;
    const written = await this.#write(directory);
    this.#last().directories.push({ name: directory.name, ...written });
  }

  /** Writes the root, which must be the only directory that is still open. */
  async finish(): Promise<TreeRoot> {
    if (this.#open.length !== 1) throw new RangeError(`${this.#open.length - 1} directories are not left`);
    return this.#write(this.#last());
  }

  #claim(name: string): OpenDirectory {
    const directory = this.#last();
    if (!isEntryName(name))
      throw objectFault('a dirtree', `cannot hold the invalid file name ${JSON.stringify(name)}`);
    if (directory.names.has(name))
      throw objectFault('a dirtree', `cannot hold ${JSON.stringify(name)} twice`);
    directory.names.add(name);
    return directory;
  }

  #last(): OpenDirectory {
    return this.#open.at(-1) as OpenDirectory;
  }

  async #write({ files, directories, meta }: OpenDirectory): Promise<TreeRoot> {
    const tree = await this.#writer.metadata('dirtree', serializeDirtree({ files, directories }));
    return { tree, meta: await this.#writer.metadata('dirmeta', serializeDirmeta(meta)) };
  }
}

function openDirectory(name: string, meta: Dirmeta): OpenDirectory {
  return { name, meta, names: new Set(), files: [], directories: [] };
}
