/**
 * The files of an encoder's folder in the cache, `objects/<2>/<62>.filez`, as this and other servers write
 * them.
 */
import { statSync, writeFileSync } from 'node:fs';
import { readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checksum } from '../../ostree/checksum.ts';
import { parseLooseName } from '../../ostree/object-name.ts';
import { FAN_OUT } from './cache-directory.ts';

export type CachedFile = { readonly checksum: Checksum; readonly size: number; readonly modified: number };

const LEFTOVER_MS = 3_600_000;
/** Files up to this size are written synchronously. */
const SMALL_FILE_BYTES = 128 * 1024;

/** All objects. Removes the temporary files of a run that was killed. */
export async function* cachedFiles(folder: string): AsyncGenerator<CachedFile> {
  for (const fanOut of FAN_OUT) yield* await filesIn(join(folder, 'objects', fanOut), fanOut);
}

async function filesIn(directory: string, fanOut: string): Promise<readonly CachedFile[]> {
  const found: CachedFile[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    const checksum = parseLooseName(fanOut, name)?.checksum;
    if (checksum !== undefined) found.push({ checksum, size: stats.size, modified: stats.mtimeMs });
    // A younger file may belong to a live process.
    else if (Date.now() - stats.mtimeMs > LEFTOVER_MS) await unlink(path).catch(() => {});
  }
  return found;
}

/** Writes a file that must not exist. Synchronous for small files, like reads (docs/decisions/0020). */
export async function writeNew(path: string, bytes: Buffer): Promise<void> {
  if (bytes.length <= SMALL_FILE_BYTES) writeFileSync(path, bytes, { flag: 'wx' });
  else await writeFile(path, bytes, { flag: 'wx' });
}
