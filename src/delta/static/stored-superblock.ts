/** Superblocks of a repository as they are stored, possibly damaged or in the signed wrapper. */
import { isTreeportError } from '../../base/errors.ts';
import { readBeneath } from '../../base/open-beneath.ts';
import { variant } from '../../gvariant/index.ts';
import { isSignedSuperblock } from '../../ostree/delta-list.ts';
import { type DeltaName, superblockPath } from '../../ostree/delta-name.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { DICT_TYPE, dictToValue, type MetadataDict } from '../../ostree/metadata-dict.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { detachedMetadataKey, parseSuperblock, type Superblock } from './superblock.ts';

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

/** The superblock with this copy of its commit's detached metadata; its parts are the same. */
export function withDetachedMetadata(superblock: Superblock, detached: MetadataDict): Superblock {
  const metadata = new Map(superblock.metadata);
  const key = detachedMetadataKey(superblock);
  if (detached.size === 0) metadata.delete(key);
  else metadata.set(key, variant(DICT_TYPE, dictToValue(detached)));
  return { ...superblock, metadata };
}
