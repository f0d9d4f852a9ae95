/**
 * Claims on the making of parts, so that processes with the same cache make each part once: workers of one
 * server, or several servers. A claim is a file beside the part's, `….making`, that is renewed while the part
 * is made; one that is not renewed is left over from a process that died.
 */
import { closeSync, openSync, statSync, unlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { loosePath } from '../../ostree/object-name.ts';
import type { DiskCache } from './disk-cache.ts';

const RENEWED_MS = 5_000;
const DEAD_MS = 30_000;
const WAIT_MS = 50;

export class PartClaims {
  readonly #cache: DiskCache;

  constructor(cache: DiskCache) {
    this.#cache = cache;
  }

  /** Whether a process makes the part. */
  has(checksum: Checksum): boolean {
    const stats = statSync(this.#path(checksum), { throwIfNoEntry: false });
    return stats !== undefined && Date.now() - stats.mtimeMs < DEAD_MS;
  }

  /**
   * Waits while another process makes the part. Undefined if it is in the cache then; otherwise the part is
   * claimed, and the returned function ends that.
   */
  async claim(checksum: Checksum): Promise<(() => void) | undefined> {
    const path = this.#path(checksum);
    for (;;) {
      if (this.#cache.has(checksum)) return undefined;
      if (create(path)) return renewed(path);
      if (this.has(checksum)) await sleep(WAIT_MS, undefined, { ref: false });
      else remove(path);
    }
  }

  #path(checksum: Checksum): string {
    return join(this.#cache.folder, `${loosePath(checksum, 'filez')}.making`);
  }
}

/** False if it exists. Where it cannot be written, parts are made without a claim. */
function create(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
  } catch (error) {
    return errnoOf(error) !== 'EEXIST';
  }
  return true;
}

function renewed(path: string): () => void {
  const timer = setInterval(() => renew(path), RENEWED_MS).unref();
  return () => {
    clearInterval(timer);
    remove(path);
  };
}

function renew(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Removed by a process that took it for left over: then the part is made twice.
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another process was first.
  }
}
