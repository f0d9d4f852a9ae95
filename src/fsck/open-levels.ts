/**
 * The directories that a walk is in. Their dirtrees stay in memory up to a limit: those that are farthest up
 * are dropped first and read again when the walk comes back. Each time that takes a limit's worth of other
 * dirtrees, so a walk that enters no dirtree twice reads at most a few times the bytes that there are.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { DirtreeReader } from '../ostree/dirtree.ts';
import type { PlacedTree } from '../ostree/walk.ts';

export type OpenedTree = {
  readonly entries: DirtreeReader;
  /** Of the dirtree. */
  readonly bytes: number;
};

/** Throws the errors of {@link DirtreeReader}. */
export function openedTree(bytes: Buffer): OpenedTree {
  return { entries: new DirtreeReader(bytes), bytes: bytes.length };
}

/** An untrusted dirtree may have 128 MB, and there may be any number of levels. */
export const MAX_OPEN_BYTES: number = 64 * 1024 * 1024;

/** What is needed to walk on. */
export type Directories = {
  readonly entries: Pick<DirtreeReader, 'directory' | 'directoryCount'>;
  readonly bytes: number;
};

type Level = {
  readonly tree: Checksum;
  /** Its path followed by `/`. */
  readonly prefix: string;
  /** Number of subdirectories. */
  readonly count: number;
  /** Undefined if it was dropped. */
  opened: Directories | undefined;
  /** Index of the subdirectory to enter next. */
  next: number;
};

export class OpenLevels {
  readonly #open: (tree: Checksum) => Promise<Directories | undefined>;
  readonly #levels: Level[] = [];
  /** Levels before it are dropped, the others are open. */
  #firstOpen = 0;
  #bytes = 0;

  /** `open` reads a dirtree again; one that cannot be read any more has no further subdirectories. */
  constructor(open: (tree: Checksum) => Promise<Directories | undefined>) {
    this.#open = open;
  }

  /** Enters a directory. */
  push(tree: Checksum, prefix: string, opened: Directories): void {
    const count = opened.entries.directoryCount;
    if (count === 0) return;
    this.#levels.push({ tree, prefix, count, opened, next: 0 });
    this.#bytes += opened.bytes;
    this.#dropFirst();
  }

  /** The next directory in order; leaves those that are finished. */
  async next(): Promise<PlacedTree | undefined> {
    for (let last = this.#levels.at(-1); last !== undefined; last = this.#levels.at(-1)) {
      const opened = last.next < last.count ? (last.opened ?? (await this.#reopen(last))) : undefined;
      if (opened !== undefined) {
        const { tree, meta, name } = opened.entries.directory(last.next);
        last.next += 1;
        return { tree, meta, path: last.prefix + name };
      }
      this.#leave(last);
    }
    return undefined;
  }

  async #reopen(last: Level): Promise<Directories | undefined> {
    last.opened = await this.#open(last.tree);
    this.#bytes += last.opened?.bytes ?? 0;
    this.#firstOpen = this.#levels.length - 1;
    return last.opened;
  }

  #leave(last: Level): void {
    this.#levels.pop();
    this.#bytes -= last.opened?.bytes ?? 0;
    this.#firstOpen = Math.min(this.#firstOpen, this.#levels.length);
  }

  /** The last level stays open, even if it alone exceeds the limit. */
  #dropFirst(): void {
    while (this.#bytes > MAX_OPEN_BYTES && this.#firstOpen < this.#levels.length - 1) {
      const level = this.#levels[this.#firstOpen] as Level;
      this.#bytes -= level.opened?.bytes ?? 0;
      level.opened = undefined;
      this.#firstOpen += 1;
    }
  }
}
