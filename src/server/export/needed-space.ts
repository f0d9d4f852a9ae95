/**
 * How much room the objects of an export still need on their file system, so that a medium that is too small
 * is refused before anything is written, and a full one is told by how much. Exact for objects that are
 * archive files already; others are compressed while they are written, so their size is an upper bound.
 */
import { statfsSync } from 'node:fs';
import { formatByteSize } from '../../base/byte-size.ts';
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import { lstatBeneath } from '../../base/list-beneath.ts';
import { archivePath, type ObjectName } from '../../ostree/object-name.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import type { ExportTarget } from './export-target.ts';

type Room = { readonly bytes: number; readonly isExact: boolean };

export class NeededSpace {
  readonly #path: string;
  /** By path, of what is not there. */
  readonly #missing: Map<string, Room>;

  private constructor(path: string, missing: Map<string, Room>) {
    this.#path = path;
    this.#missing = missing;
  }

  static async measure(
    repo: Repository,
    target: ExportTarget,
    wanted: readonly ObjectName[],
  ): Promise<NeededSpace> {
    const block = statfsSync(target.path).bsize;
    const missing = new Map<string, Room>();
    for (const name of wanted) {
      const path = archivePath(name);
      if (target.has(path)) continue;
      const { bytes, isExact } = await roomOf(repo, name);
      missing.set(path, { bytes: Math.ceil(bytes / block) * block, isExact });
    }
    return new NeededSpace(target.path, missing);
  }

  /** ERR_DISK_FULL if there is certainly too little. */
  check(): void {
    const needed = this.#sum(({ isExact }) => isExact);
    const { bsize, bavail } = statfsSync(this.#path);
    const free = bsize * bavail;
    if (needed <= free) return;
    throw new TreeportError(
      'ERR_DISK_FULL',
      `${this.#path} is too small: ${formatByteSize(needed)} are to be written and ${formatByteSize(free)} are free; ${formatByteSize(needed - free)} more are needed`,
    );
  }

  written(name: ObjectName): void {
    this.#missing.delete(archivePath(name));
  }

  /** Adds to ERR_DISK_FULL how much is missing; other errors stay. */
  explain(error: unknown): unknown {
    if (!isTreeportError(error, 'ERR_DISK_FULL')) return error;
    const left = this.#sum(() => true);
    const more = left > 0 ? `up to ${formatByteSize(left)} more are` : 'room for refs and the summary is';
    return new TreeportError(
      'ERR_DISK_FULL',
      `${error.message}; ${more} needed; what is there stays, and a rerun goes on`,
      { cause: error },
    );
  }

  #sum(counts: (room: Room) => boolean): number {
    return [...this.#missing.values()].filter(counts).reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

async function roomOf({ path, mode, objects }: Repository, name: ObjectName): Promise<Room> {
  const { type, checksum } = name;
  if (type !== 'file') return { bytes: (await objects.metadata(type, checksum)).length, isExact: true };
  const stored = mode === 'archive' ? lstatBeneath(path, archivePath(name)) : undefined;
  if (stored !== undefined) return { bytes: stored.size, isExact: true };
  return { bytes: (await objects.content(checksum)).size, isExact: false };
}
