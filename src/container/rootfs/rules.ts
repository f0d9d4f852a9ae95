/**
 * What of a root filesystem does not go into a commit:
 *
 * * the content of `/sysroot`, where a bootable image keeps its repository, and of `/dev`, `/proc`, `/run`,
 *   `/sys` and `/tmp`, over which a running system mounts;
 * * the content of `/var`, on request;
 * * devices, FIFOs and sockets, which no commit can hold: refused, or left out on request.
 *
 * The directories themselves stay. Everything that was left out is told in notes.
 */
import type { Stats } from 'node:fs';
import { TreeportError } from '../../base/errors.ts';

export type VarContent = 'keep' | 'drop';
export type SpecialFiles = 'refuse' | 'skip';
export type SpecialKind = 'character device' | 'block device' | 'FIFO' | 'socket';

/** Mounted over when a system runs, or not part of the commit. */
const EMPTIED = ['sysroot', 'dev', 'proc', 'run', 'sys', 'tmp'] as const;

export type ContentRules = {
  /** False for a directory whose entries are left out. Paths have no leading slash; the root is empty. */
  keepsContent(path: string): boolean;
};

export function contentRules(varContent: VarContent): ContentRules {
  const emptied = new Set<string>(varContent === 'drop' ? [...EMPTIED, 'var'] : EMPTIED);
  return { keepsContent: (path) => !emptied.has(path) };
}

export function specialKind(stats: Stats): SpecialKind {
  if (stats.isFIFO()) return 'FIFO';
  if (stats.isSocket()) return 'socket';
  return stats.isBlockDevice() ? 'block device' : 'character device';
}

/** Names shown of a long list. */
const SHOWN = 5;

/** Collects what was left out. */
export class LeftOut {
  readonly #notes: string[] = [];
  readonly #special: string[] = [];

  content(path: string, entries: number): void {
    if (entries > 0) this.#notes.push(`the content of /${path} (entries: ${entries}) is left out`);
  }

  /** ERR_ROOTFS_ENTRY if special files are refused. */
  special(path: string, kind: SpecialKind, rule: SpecialFiles): void {
    if (rule === 'refuse')
      throw new TreeportError(
        'ERR_ROOTFS_ENTRY',
        `/${path} is a ${kind}, which a commit cannot hold; remove it, or leave such files out with --special skip`,
      );
    this.#special.push(`/${path}`);
  }

  notes(): readonly string[] {
    const { length } = this.#special;
    if (length === 0) return this.#notes;
    const rest = length > SHOWN ? ` and ${length - SHOWN} more` : '';
    const names = this.#special.slice(0, SHOWN).join(', ');
    return [...this.#notes, `devices, FIFOs or sockets are left out: ${names}${rest}`];
  }
}
