/**
 * Directories that treeport may fill and clear: they carry its marker, a file that appears atomically, before
 * anything else, and whose bytes never change (docs/decisions/0072-cache-directories-are-marked.md).
 */
import { constants, lstatSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from './atomic-file.ts';

export type Marker = {
  /** Name of the file. */
  readonly name: string;
  readonly text: string;
};

/** The one directory of a new ext4 volume. */
const VOLUME = 'lost+found';

/**
 * Marks the directory if it is empty. Returns undefined if it is marked, else the name of something in it.
 * Several processes may mark one directory at once.
 */
export async function markDirectory(directory: string, marker: Marker): Promise<string | undefined> {
  if (await isMarked(directory, marker)) return undefined;
  const found = (await readdir(directory)).find((name) => !isNotCounted(name, marker));
  if (found === undefined) await writeFileAtomic(join(directory, marker.name), Buffer.from(marker.text));
  // Another process may have marked it meanwhile.
  else if (!(await isMarked(directory, marker))) return found;
  return undefined;
}

/** Also the temporary marker of a starting process. */
function isNotCounted(name: string, marker: Marker): boolean {
  return name === VOLUME || (name.startsWith(`.${marker.name}.`) && name.endsWith('.tmp'));
}

async function isMarked(directory: string, { name, text }: Marker): Promise<boolean> {
  const path = join(directory, name);
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags);
  try {
    const start = Buffer.alloc(text.length + 1);
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    return start.toString('utf8', 0, bytesRead) === text;
  } finally {
    await file.close();
  }
}
