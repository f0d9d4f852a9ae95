/** Reads the superblocks of virtual deltas that a published repo has. */
import { listBeneath } from '../../base/list-beneath.ts';
import { readBeneath } from '../../base/open-beneath.ts';
import {
  parseVirtualDelta,
  VIRTUAL_DELTAS,
  type VirtualDelta,
  type VirtualProfile,
  virtualDeltaPath,
} from '../../delta/virtual/virtual-delta.ts';
import { parseDeltaDirectory } from '../../ostree/delta-name.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';

/** Those of one profile. ERR_DELTA_CORRUPT, ERR_VARIANT, ERR_FILE_UNSAFE, ERR_FILE_TOO_LARGE. */
export function* storedVirtualDeltas(repoPath: string, profile: VirtualProfile): Generator<VirtualDelta> {
  for (const { name: fanOut } of listBeneath(repoPath, VIRTUAL_DELTAS) ?? []) {
    for (const { name: rest } of listBeneath(repoPath, `${VIRTUAL_DELTAS}/${fanOut}`) ?? []) {
      const name = parseDeltaDirectory(fanOut, rest);
      if (name === undefined) continue;
      const path = virtualDeltaPath(name.to, profile);
      const superblock = readBeneath(repoPath, path, { maxBytes: MAX_METADATA_BYTES });
      if (superblock !== undefined) yield parseVirtualDelta(superblock);
    }
  }
}
