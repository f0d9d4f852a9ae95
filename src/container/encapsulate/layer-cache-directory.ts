/** Marks the directory of a layer cache (layer-cache.ts), and removes what no build has used for long. */
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf, TreeportError } from '../../base/errors.ts';
import { type Marker, markDirectory } from '../../base/marked-directory.ts';

const MARKER: Marker = {
  name: 'treeport-layer-cache',
  text: 'This directory is a layer cache of treeport. It may be deleted while no build uses it.\n',
};
const ENTRY = /^[0-9a-f]{64}\.(?:layer|json|plan)$/;
const UNUSED_MS = 30 * 24 * 3_600_000;

/** Creates the directory if there is none; ERR_CACHE_DIR if it holds anything else. Returns its full path. */
export async function prepareLayerCache(path: string): Promise<string> {
  const directory = resolve(path);
  try {
    await mkdir(directory, { recursive: true });
    const inTheWay = await markDirectory(directory, MARKER);
    if (inTheWay !== undefined) throw refused(directory, `it holds ${JSON.stringify(inTheWay)}`);
    await removeUnused(directory);
  } catch (error) {
    throw error instanceof TreeportError ? error : refused(directory, messageOf(error));
  }
  return directory;
}

/** Sets the time of use of a description or plan. */
export async function renewUse(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
}

/** The time of use is that of the description, because images may share the blob's file. */
async function removeUnused(directory: string): Promise<void> {
  const oldest = Date.now() - UNUSED_MS;
  const usedAt = async (name: string) => (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs;
  for (const name of await readdir(directory)) {
    if (!ENTRY.test(name)) continue;
    const used = (await usedAt(`${name.slice(0, 64)}.json`)) ?? (await usedAt(name)) ?? 0;
    if (used < oldest) await rm(join(directory, name), { force: true });
  }
}

function refused(directory: string, why: string): TreeportError {
  return new TreeportError(
    'ERR_CACHE_DIR',
    `cannot use ${directory} as the layer cache: ${why}; give --layer-cache an empty directory, or one of another build`,
  );
}
