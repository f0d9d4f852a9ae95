/**
 * Puts the superblocks of virtual deltas into a published repo: from scratch to each published commit, in
 * both profiles (../delta/virtual/virtual-delta.ts). The parts are made once and dropped.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { type BuildVirtualOptions, buildVirtualDeltas } from '../delta/virtual/build-virtual-deltas.ts';
import { PartMaker } from '../delta/virtual/part-maker.ts';
import { VIRTUAL_PROFILES, virtualDeltaPath } from '../delta/virtual/virtual-delta.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectSource } from '../ostree/object-source.ts';

export type StoreVirtualOptions = Pick<BuildVirtualOptions, 'onPlanned' | 'onMade'>;

export async function storeVirtualDeltas(
  path: string,
  objects: ObjectSource,
  commits: readonly Checksum[],
  { onPlanned, onMade }: StoreVirtualOptions = {},
): Promise<void> {
  const maker = new PartMaker();
  try {
    for (const commit of commits) {
      const options = { profiles: VIRTUAL_PROFILES, maker, onPlanned, onMade };
      for (const { to, profile, superblock } of await buildVirtualDeltas(objects, commit, options))
        await writeFileAtomic(join(path, virtualDeltaPath(to, profile)), superblock);
    }
  } finally {
    await maker.close();
  }
}
