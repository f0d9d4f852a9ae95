/**
 * A root filesystem that is put together from tar archives, as container runtimes unpack layers: one after
 * the other, each on top of what is there.
 *
 * * An entry replaces what has its name, except that a directory keeps its content.
 * * Parents that are missing are made. Parents that are links are followed, within the root.
 * * A hard link is one more name of what it links to.
 * * In layers, `.wh.NAME` removes NAME, and `.wh..wh..opq` the content of its directory that is of lower
 *   layers (OCI image specification, layer.md).
 *
 * Names that leave the root, sparse entries and links to what is not there are refused: ERR_ROOTFS_ENTRY.
 */
import { PERMISSIONS, S_IFDIR } from '../../ostree/dirmeta.ts';
import { S_IFREG, SYMLINK_MODE } from '../../ostree/file-header.ts';
import type { ReadEntry } from '../../tar/read-entries.ts';
import type { FilePlace } from './file-place.ts';
import type { RootAttributes } from './root-tree.ts';
import type { SpecialKind } from './rules.ts';
import { checkTarText, newDirectory, refusedEntry, type TarDirectory, type TarLeaf } from './tar-nodes.ts';
import { findNode, namesIn, parentOf } from './tar-paths.ts';

export type AddOptions = {
  /** Counts from 0; whiteouts concern lower ones. */
  readonly layer: number;
  readonly hasWhiteouts: boolean;
  /** Keeps the bytes of a file. */
  readonly keep: (data: AsyncIterable<Uint8Array>) => Promise<FilePlace>;
};

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const IMPLIED: RootAttributes = { uid: 0, gid: 0, mode: S_IFDIR | 0o755, xattrs: [] };

const SPECIAL: ReadonlyMap<string, SpecialKind> = new Map([
  ['character-device', 'character device'],
  ['block-device', 'block device'],
  ['fifo', 'FIFO'],
]);

export class TarTree {
  readonly root: TarDirectory = newDirectory(IMPLIED, 0);
  #rootChanged: number | undefined;
  #newest = 0;

  /** Seconds since 1970: of the root directory's entry, else of the newest entry. */
  get changed(): number {
    return Math.floor(this.#rootChanged ?? this.#newest);
  }

  /** Applies the entries of one archive. ERR_ROOTFS_ENTRY, ERR_TAR, errors of `keep`. */
  async add(entries: AsyncIterable<ReadEntry>, options: AddOptions): Promise<void> {
    for await (const entry of entries) await this.#apply(entry, options);
  }

  async #apply(entry: ReadEntry, options: AddOptions): Promise<void> {
    const names = namesIn(entry.path);
    const name = names.at(-1);
    if (entry.mtime > this.#newest) this.#newest = entry.mtime;
    if (name === undefined) return this.#applyRoot(entry, options.layer);
    const parent = parentOf(this.root, names, () => newDirectory(IMPLIED, options.layer));
    if (options.hasWhiteouts && name.startsWith(WHITEOUT)) return whiteOut(parent, name, options.layer);
    if (entry.type === 'directory')
      return putDirectory(parent, name, attributesOf(entry, S_IFDIR), options.layer);
    parent.entries.set(name, await this.#leaf(entry, options));
  }

  #applyRoot(entry: ReadEntry, layer: number): void {
    if (entry.type !== 'directory') throw refusedEntry(entry.path, 'its root is not a directory');
    this.root.attributes = attributesOf(entry, S_IFDIR);
    this.root.layer = layer;
    if (!Number.isNaN(entry.mtime)) this.#rootChanged = entry.mtime;
  }

  async #leaf(entry: ReadEntry, { layer, keep }: AddOptions): Promise<TarLeaf> {
    const { type, target, size, path } = entry;
    const special = SPECIAL.get(type ?? '');
    if (special !== undefined) return { kind: 'leaf', node: { kind: 'special', special }, layer };
    if (type === 'symlink') {
      checkTarText(target, path);
      const attributes = { ...attributesOf(entry, 0), mode: SYMLINK_MODE };
      return { kind: 'leaf', node: { kind: 'symlink', ...attributes, target }, layer };
    }
    if (type === 'link') {
      const linked = findNode(this.root, target);
      if (linked?.kind !== 'leaf')
        throw refusedEntry(path, `it links to ${target}, which is no file before it`);
      return { ...linked, layer };
    }
    if (type !== 'file' && type !== 'contiguous-file')
      throw refusedEntry(
        path,
        'it is of a type that is not supported, such as a sparse file; pack without --sparse',
      );
    if ([...entry.pax.keys()].some((key) => key.startsWith('GNU.sparse.')))
      throw refusedEntry(path, 'it is a sparse file; pack without --sparse');
    const attributes = attributesOf(entry, S_IFREG);
    return {
      kind: 'leaf',
      node: { kind: 'file', ...attributes, size, place: await keep(entry.data) },
      layer,
    };
  }
}

function putDirectory(parent: TarDirectory, name: string, attributes: RootAttributes, layer: number): void {
  const there = parent.entries.get(name);
  if (there?.kind !== 'directory') parent.entries.set(name, newDirectory(attributes, layer));
  else Object.assign(there, { attributes, layer });
}

function whiteOut(parent: TarDirectory, name: string, layer: number): void {
  if (name === OPAQUE) keepLayer(parent, layer);
  // Other names of this kind are notes of aufs.
  else if (!name.startsWith(WHITEOUT + WHITEOUT)) parent.entries.delete(name.slice(WHITEOUT.length));
}

/** Removes what lower layers have put there. */
function keepLayer(directory: TarDirectory, layer: number): void {
  for (const [name, node] of directory.entries) {
    if (node.kind === 'directory') keepLayer(node, layer);
    const isKept = node.layer === layer || (node.kind === 'directory' && node.entries.size > 0);
    if (!isKept) directory.entries.delete(name);
  }
}

function attributesOf({ uid, gid, mode, xattrs, path }: ReadEntry, type: number): RootAttributes {
  if (![uid, gid, mode].every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32 - 1))
    throw refusedEntry(path, 'its owner or mode is not a valid number');
  return { uid, gid, mode: type | (mode & PERMISSIONS), xattrs };
}
