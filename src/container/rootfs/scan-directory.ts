/**
 * Reads a directory as a root filesystem: owners, modes, attributes and links, not the bytes of files. No
 * link is followed, and each directory is read through a descriptor (list-beneath.ts).
 *
 * Entries that no commit can hold are found by name: devices, FIFOs, sockets, and names or link targets that
 * are not UTF-8 (ERR_ROOTFS_ENTRY).
 */
import { lstatSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { joinPath } from '../../base/beneath-root.ts';
import { compareBytes } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import { inDirectoryBeneath } from '../../base/list-beneath.ts';
import type { XattrReader } from '../../ostree/repo/xattr-reader.ts';
import { attempt, changed, stampOf } from './file-place.ts';
import type { RootAttributes, RootDirectory, RootFile, RootNode, RootTree } from './root-tree.ts';
import { type ContentRules, LeftOut, type SpecialFiles, specialKind } from './rules.ts';

export type ScanOptions = {
  readonly rules: ContentRules;
  readonly special: SpecialFiles;
  readonly xattrs: XattrReader;
};

/** Reads the tree beneath `root`. ERR_ROOTFS, ERR_ROOTFS_ENTRY, ERR_ROOTFS_CHANGED, ERR_IO. */
export function scanDirectory(root: string, options: ScanOptions): RootTree {
  const stats = attempt({ root, path: '' }, () => statSync(root, { throwIfNoEntry: false }));
  if (!stats?.isDirectory())
    throw new TreeportError('ERR_ROOTFS', `there is no directory ${root} with a root filesystem`);
  const scan = new Scan(root, options);
  return {
    root: scan.directory('', scan.emptyDirectory('', root, stats)),
    changed: Math.floor(stats.mtimeMs / 1000),
    notes: scan.leftOut.notes(),
  };
}

class Scan {
  readonly leftOut = new LeftOut();
  readonly #root: string;
  readonly #options: ScanOptions;
  /** Files with several names, by device and inode. */
  readonly #linked = new Map<string, RootFile>();

  constructor(root: string, options: ScanOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Reads the entries of the directory at `path`, which was found without them. */
  directory(path: string, found: RootDirectory): RootDirectory {
    const listed = this.#attempt(path, () =>
      inDirectoryBeneath(this.#root, path, (inside) => this.#list(path, inside)),
    );
    if (listed === undefined) throw this.#gone(path);
    const entries = new Map<string, RootNode>();
    for (const [name, node] of listed.value)
      entries.set(name, node.kind === 'directory' ? this.directory(below(path, name), node) : node);
    return { ...found, entries };
  }

  /** The directory at `path`, to which `at` leads, without its entries. */
  emptyDirectory(path: string, at: string, stats: Stats): RootDirectory {
    return { kind: 'directory', ...this.#attributes(path, at, stats), entries: new Map() };
  }

  /** The entries of one directory, in the order of their names; `inside` leads to it. */
  #list(path: string, inside: string): readonly (readonly [string, RootNode])[] {
    const names = readdirSync(inside, { encoding: 'buffer' }).map((name) => this.#text(path, name));
    if (!this.#options.rules.keepsContent(path)) {
      this.leftOut.content(path, names.length);
      return [];
    }
    return names.toSorted(compareBytes).flatMap((name) => {
      const node = this.#entry(below(path, name), joinPath(inside, name));
      return node === undefined ? [] : [[name, node] as const];
    });
  }

  #entry(path: string, at: string): RootNode | undefined {
    const stats = this.#attempt(path, () => lstatSync(at, { throwIfNoEntry: false }));
    if (stats === undefined) throw this.#gone(path);
    if (stats.isDirectory()) return this.emptyDirectory(path, at, stats);
    if (stats.isSymbolicLink()) {
      const target = this.#attempt(path, () => readlinkSync(at, { encoding: 'buffer' }));
      return { kind: 'symlink', ...this.#attributes(path, at, stats), target: this.#text(path, target) };
    }
    if (stats.isFile()) return this.#file(path, at, stats);
    this.leftOut.special(path, specialKind(stats), this.#options.special);
    return undefined;
  }

  #file(path: string, at: string, stats: Stats): RootFile {
    const identity = stats.nlink > 1 ? this.#attempt(path, () => identityOf(at)) : undefined;
    const known = identity === undefined ? undefined : this.#linked.get(identity);
    if (known !== undefined) return known;
    const place = { root: this.#root, path, start: 0, stamp: stampOf(stats) };
    const file: RootFile = { kind: 'file', ...this.#attributes(path, at, stats), size: stats.size, place };
    if (identity !== undefined) this.#linked.set(identity, file);
    return file;
  }

  #attributes(path: string, at: string, { uid, gid, mode }: Stats): RootAttributes {
    return { uid, gid, mode, xattrs: this.#attempt(path, () => this.#options.xattrs.list(at)) };
  }

  #text(path: string, bytes: Buffer): string {
    const text = bytes.toString('utf8');
    if (Buffer.from(text).equals(bytes)) return text;
    throw new TreeportError(
      'ERR_ROOTFS_ENTRY',
      `${joinPath(this.#root, path)} has a name or a link target that is not UTF-8, which a commit cannot hold: ${escaped(bytes)}`,
    );
  }

  #attempt<T>(path: string, read: () => T): T {
    return attempt({ root: this.#root, path }, read);
  }

  #gone(path: string): TreeportError {
    return changed({ root: this.#root, path }, 'it is gone');
  }
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/** Exact: inodes of overlays use all 64 bits. */
function identityOf(path: string): string {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** Bytes outside printable ASCII as `\xNN`. */
function escaped(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll(/[^\x20-\x7e]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
