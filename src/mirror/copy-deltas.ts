/** Copies the static deltas to published commits, and their indexes. */
import { listBeneath, lstatBeneath } from '../base/list-beneath.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { listDeltas } from '../ostree/delta-list.ts';
import { DELTA_INDEXES, deltaDirectory, deltaIndexPath } from '../ostree/delta-name.ts';
import { copyFileIfThere } from './copy-file.ts';

/** The superblock, the numbered parts, and the `meta` file of older releases. */
const DELTA_FILE = /^(?:superblock|meta|0|[1-9][0-9]*)$/;

/** Copies from one repository directory to another; returns the number of deltas. */
export async function copyDeltas(from: string, to: string, commits: readonly Checksum[]): Promise<number> {
  const deltas = (await listDeltas(from)).filter(({ name }) => commits.includes(name.to));
  for (const { name } of deltas) {
    const directory = deltaDirectory(name);
    const files = (listBeneath(from, directory) ?? []).filter(({ name: file }) => DELTA_FILE.test(file));
    for (const { name: file } of files) await copyFileIfThere(from, to, `${directory}/${file}`);
  }
  if (lstatBeneath(from, DELTA_INDEXES) !== undefined)
    for (const commit of commits)
      await copyFileIfThere(from, to, deltaIndexPath(commit), { links: 'inside' });
  return deltas.length;
}
