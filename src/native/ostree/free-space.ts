/**
 * The space that the repository's configuration keeps free (`core.min-free-space-percent`, `-size`), for
 * files that libostree does not write and so does not count.
 */
import { statfsSync } from 'node:fs';
import { TreeportError } from '../../base/errors.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { lazily, type Pointer } from '../library.ts';

const ostree = lazily(({ ostree }) => ({
  minFreeSpace: ostree.func(
    'int ostree_repo_get_min_free_space_bytes(void *repo, _Out_ uint64_t *bytes, _Inout_ void **error)',
  ) as (repo: Pointer, bytes: [number | bigint], error: ErrorPlace) => number,
}));

/** Bytes that may be taken before the file system is asked again. */
const STRIDE = 16 * 1024 * 1024;
/** The part of what is free that one stride may be, because several transactions may write. */
const PART = 16;

export class FreeSpace {
  readonly #path: string;
  readonly #kept: number;
  #left = 0;

  /** Throws ERR_LIBOSTREE for a configuration that libostree cannot read. */
  constructor(pointer: Pointer, path: string) {
    const kept: [number | bigint] = [0];
    checked('cannot read core.min-free-space', (error) => ostree().minFreeSpace(pointer, kept, error));
    this.#path = path;
    this.#kept = Number(kept[0]);
  }

  /** Before a file of that size is written. Throws ERR_DISK_FULL. */
  take(bytes: number): void {
    if (this.#kept === 0) return;
    if (bytes > this.#left) this.#left = this.#ask(bytes);
    this.#left -= bytes;
  }

  #ask(bytes: number): number {
    const { bsize, bfree, bavail } = statfsSync(this.#path);
    // As libostree counts.
    const free = (process.getuid?.() === 0 ? bfree : bavail) * bsize - this.#kept;
    if (bytes <= free) return Math.max(bytes, Math.min(STRIDE, free / PART));
    throw new TreeportError(
      'ERR_DISK_FULL',
      `cannot write ${bytes} bytes to ${this.#path}: less than the ${this.#kept} bytes would be left that core.min-free-space keeps free`,
    );
  }
}
