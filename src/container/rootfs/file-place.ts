/**
 * Where the bytes of a file are, and how it looked when it was found. A file that looks different later was
 * changed meanwhile, and is refused: ERR_ROOTFS_CHANGED.
 */
import { closeSync, fstatSync, type Stats } from 'node:fs';
import { joinPath } from '../../base/beneath-root.ts';
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { openBeneath } from '../../base/open-beneath.ts';

export type FilePlace = {
  /** The directory that the file is beneath. */
  readonly root: string;
  readonly path: string;
  /** Where in the file the bytes begin. */
  readonly start: number;
  /** Undefined for a file that nothing else writes to. */
  readonly stamp: FileStamp | undefined;
};

/** Numbers as Node gives them, rounded the same way each time. */
export type FileStamp = {
  readonly inode: number;
  readonly size: number;
  readonly modified: number;
  readonly changed: number;
};

export function stampOf({ ino, size, mtimeMs, ctimeMs }: Stats): FileStamp {
  return { inode: ino, size, modified: mtimeMs, changed: ctimeMs };
}

/** An open file that {@link checkUnchanged} compares with its stamp; the caller closes it. */
export function openPlace(place: FilePlace): number {
  const opened = attempt(place, () => openBeneath(place.root, place.path));
  if (opened === undefined) throw changed(place, 'it is gone');
  try {
    checkStats(place, opened.stats);
    return opened.fd;
  } catch (error) {
    closeSync(opened.fd);
    throw error;
  }
}

/** Throws ERR_ROOTFS_CHANGED if the open file is not as it was found. */
export function checkUnchanged(place: FilePlace, fd: number): void {
  checkStats(
    place,
    attempt(place, () => fstatSync(fd)),
  );
}

/** Calls `read`; a system error becomes ERR_IO, which names the file. */
export function attempt<T>(place: Pick<FilePlace, 'root' | 'path'>, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(joinPath(place.root, place.path), error);
  }
}

/** ERR_IO for a file of a root filesystem, with advice for users without the right to read it. */
export function unreadable(path: string, error: unknown): TreeportError {
  if (isTreeportError(error) && error.code !== 'ERR_OBJECT_UNREADABLE') return error;
  const advice =
    process.geteuid?.() === 0 ? '' : '; a whole system can be read by root only, or in `podman unshare`';
  return new TreeportError('ERR_IO', `cannot read ${path}: ${messageOf(error)}${advice}`, { cause: error });
}

function checkStats(place: FilePlace, stats: Stats): void {
  const now = stampOf(stats);
  const { stamp } = place;
  if (stamp === undefined) return;
  if (now.inode !== stamp.inode) throw changed(place, 'it was replaced');
  if (now.size !== stamp.size) throw changed(place, `it had ${stamp.size} bytes and has ${now.size}`);
  if (now.modified !== stamp.modified || now.changed !== stamp.changed)
    throw changed(place, 'it was written to');
}

export function changed({ root, path }: Pick<FilePlace, 'root' | 'path'>, how: string): TreeportError {
  return new TreeportError(
    'ERR_ROOTFS_CHANGED',
    `${joinPath(root, path)} changed while the root filesystem was read: ${how}; stop what writes to it and try again`,
  );
}
