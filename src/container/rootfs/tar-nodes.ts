/** A root filesystem under construction, of entries of tar archives. */
import { TreeportError } from '../../base/errors.ts';
import type { RootAttributes, RootFile, RootSymlink } from './root-tree.ts';
import type { SpecialKind } from './rules.ts';

export type TarLeaf = {
  readonly kind: 'leaf';
  readonly node: RootFile | RootSymlink | { readonly kind: 'special'; readonly special: SpecialKind };
  readonly layer: number;
};

export type TarDirectory = {
  readonly kind: 'directory';
  attributes: RootAttributes;
  readonly entries: Map<string, TarNode>;
  /** The last archive that had an entry for it. */
  layer: number;
};

export type TarNode = TarDirectory | TarLeaf;

/** PATH_MAX of Linux. */
const MAX_TEXT_BYTES = 4096;

export function newDirectory(attributes: RootAttributes, layer: number): TarDirectory {
  return { kind: 'directory', attributes, entries: new Map(), layer };
}

/** Throws ERR_ROOTFS_ENTRY for a path or target that no system can have. */
export function checkTarText(text: string, path: string): void {
  const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES)
    throw refusedEntry(shown, `its name or target is longer than ${MAX_TEXT_BYTES} bytes`);
  if (text.includes('\uFFFD') || text.includes('\0'))
    throw refusedEntry(shown, 'its name or target is not UTF-8, or has a NUL');
}

export function refusedEntry(path: string, why: string): TreeportError {
  return new TreeportError('ERR_ROOTFS_ENTRY', `the entry ${path} of the tar archive cannot be used: ${why}`);
}
