/** Superblocks of a repository as they are stored, possibly damaged or in the signed wrapper. */
import { isTreeportError } from '../../base/errors.ts';
import { readBeneath } from '../../base/open-beneath.ts';
import { isSignedSuperblock } from '../../ostree/delta-list.ts';
import { type DeltaName, superblockPath } from '../../ostree/delta-name.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { parseSuperblock, type Superblock } from './superblock.ts';

export function readSuperblockFile(repo: Pick<Repository, 'path'>, name: DeltaName): Buffer | undefined {
  return readBeneath(repo.path, superblockPath(name), { maxBytes: MAX_METADATA_BYTES });
}

/** Undefined if it is signed for offline use or malformed. */
export function superblockIn(bytes: Buffer): Superblock | undefined {
  if (isSignedSuperblock(bytes)) return undefined;
  try {
    return parseSuperblock(bytes);
  } catch (error) {
    if (isTreeportError(error)) return undefined;
    throw error;
  }
}
