/**
 * Puts the superblocks of virtual deltas into a published repo: from scratch to each published commit, in
 * both profiles (../delta/virtual/virtual-delta.ts). The parts are made once and dropped.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { isTreeportError, messageOf, type Warn } from '../base/errors.ts';
import { type BuildVirtualOptions, buildVirtualDeltas } from '../delta/virtual/build-virtual-deltas.ts';
import { PartMaker } from '../delta/virtual/part-maker.ts';
import { VIRTUAL_PROFILES, type VirtualProfile, virtualDeltaPath } from '../delta/virtual/virtual-delta.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectSource } from '../ostree/object-source.ts';

export type StoreVirtualOptions = Pick<BuildVirtualOptions, 'onPlanned' | 'onMade'> & { readonly warn: Warn };

/** Without liblzma only those that need none, with a warning. */
export async function storeVirtualDeltas(
  path: string,
  objects: ObjectSource,
  commits: readonly Checksum[],
  { warn, onPlanned, onMade }: StoreVirtualOptions,
): Promise<void> {
  const maker = new PartMaker();
  try {
    const profiles = await usableProfiles(maker, warn);
    for (const commit of commits) {
      const options = { profiles, maker, onPlanned, onMade };
      for (const { to, profile, superblock } of await buildVirtualDeltas(objects, commit, options))
        await writeFileAtomic(join(path, virtualDeltaPath(to, profile)), superblock);
    }
  } finally {
    await maker.close();
  }
}

async function usableProfiles(maker: PartMaker, warn: Warn): Promise<readonly VirtualProfile[]> {
  try {
    await maker.liblzmaVersion();
    return VIRTUAL_PROFILES;
  } catch (error) {
    if (!isTreeportError(error, 'ERR_LIBLZMA_MISSING')) throw error;
    warn(`the mirror can offer virtual deltas of the profile lan only: ${messageOf(error)}`);
    return ['lan'];
  }
}
