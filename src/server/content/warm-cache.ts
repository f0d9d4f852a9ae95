/**
 * Fills a cache directory before a server uses it, with the canonical form of every content object that the
 * repository does not have ready. Files appear atomically, so an interrupted run is resumed by the next;
 * those that are there already are verified, and written again if they are corrupt.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { eachConcurrently } from '../../base/each-concurrently.ts';
import { lstatBeneath } from '../../base/list-beneath.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { loosePath } from '../../ostree/object-name.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { CANONICAL_LEVEL, encoderId } from '../../ostree/verified-filez.ts';
import { pathsOf, prepareCacheDirectory } from './cache-directory.ts';
import { isGoodFilez, isReady, writeCanonical } from './canonical-file.ts';

export type WarmOptions = {
  readonly directory: string;
  /** Receives the number of objects done. */
  readonly onProgress: (done: number) => void;
};

export type Warmed = {
  readonly written: number;
  /** Objects that were in the cache, and good. */
  readonly present: number;
  /** Bytes of both. */
  readonly bytes: number;
};

/** Objects at once. */
const AT_ONCE = 4;

/** ERR_CACHE_DIR, ERR_DISK_FULL, ERR_OBJECT_CORRUPT and other errors of reading. */
export async function warmCache(repo: Repository, { directory, onProgress }: WarmOptions): Promise<Warmed> {
  const encoder = encoderId(CANONICAL_LEVEL);
  const folder = await prepareCacheDirectory({ directory, encoder, repositories: pathsOf(repo) });
  const total = { written: 0, present: 0, bytes: 0 };
  const warm = async (checksum: Checksum): Promise<void> => {
    if (await isGoodFilez(folder, checksum)) total.present += 1;
    else {
      const path = join(folder, loosePath(checksum, 'filez'));
      await writeCanonical(repo, checksum, (filez) => writeFileAtomic(path, filez));
      total.written += 1;
    }
    total.bytes += lstatBeneath(folder, loosePath(checksum, 'filez'))?.size ?? 0;
    onProgress(total.written + total.present);
  };
  await eachConcurrently(objectsToWarm(repo), AT_ONCE, warm);
  return total;
}

async function* objectsToWarm(repo: Repository): AsyncGenerator<Checksum> {
  for await (const { type, checksum } of repo.objects.list()) {
    if (type === 'file' && !isReady(repo, checksum)) yield checksum;
  }
}
