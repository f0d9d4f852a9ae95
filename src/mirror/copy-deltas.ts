/** Copies the static deltas of a repository that lead to published commits, and the indexes of them. */
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeError } from '../base/atomic-file.ts';
import { errnoOf } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { listDeltas } from '../ostree/delta-list.ts';
import { deltaDirectory, deltaIndexPath } from '../ostree/delta-name.ts';

/** The superblock, the parts by number, and what older releases put beside them. */
const DELTA_FILE = /^(?:superblock|meta|0|[1-9][0-9]*)$/;

/** Copies from one repository directory to another; returns how many deltas. */
export async function copyDeltas(from: string, to: string, commits: readonly Checksum[]): Promise<number> {
  const deltas = (await listDeltas(from)).filter(({ name }) => commits.includes(name.to));
  for (const { name } of deltas) {
    const directory = deltaDirectory(name);
    const files = (await readdir(join(from, directory))).filter((file) => DELTA_FILE.test(file));
    for (const file of files) await copyIfThere(from, to, `${directory}/${file}`);
  }
  for (const commit of commits) await copyIfThere(from, to, deltaIndexPath(commit));
  return deltas.length;
}

async function copyIfThere(from: string, to: string, path: string): Promise<void> {
  const target = join(to, path);
  try {
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(from, path), target);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw writeError(error, target);
  }
}
