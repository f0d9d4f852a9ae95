/**
 * Compares a delta of a repository with the delta index: clients refuse a superblock that the index does not
 * list.
 */
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { readBeneath } from '../../base/open-beneath.ts';
import { checksumFromBytes, checksumOf } from '../../ostree/checksum.ts';
import { STATIC_DELTAS_KEY } from '../../ostree/delta-list.ts';
import { type DeltaName, deltaIndexPath, deltaKey } from '../../ostree/delta-name.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { DICT_TYPE, dictView, parseDict } from '../../ostree/metadata-dict.ts';

/**
 * ERR_DELTA_INDEX if the index is malformed or lists another superblock. A delta that it lacks is not
 * checked.
 */
export function checkDeltaIndex(repoPath: string, name: DeltaName, superblock: Uint8Array): void {
  const path = deltaIndexPath(name.to);
  const listed = listedChecksum(repoPath, path, deltaKey(name));
  const actual = checksumOf(superblock);
  if (listed === undefined || listed === actual) return;
  const what = `delta ${deltaKey(name)} has the superblock ${actual}, but ${path} lists ${listed}`;
  throw new TreeportError('ERR_DELTA_INDEX', `${what}; run ostree static-delta reindex`);
}

function listedChecksum(repoPath: string, path: string, key: string): string | undefined {
  try {
    const bytes = readBeneath(repoPath, path, { maxBytes: MAX_METADATA_BYTES });
    const deltas = bytes === undefined ? undefined : dictView(parseDict(bytes), STATIC_DELTAS_KEY, DICT_TYPE);
    const digest = deltas?.lookup(key)?.child(0);
    return digest === undefined ? undefined : checksumFromBytes(digest.bytes, path);
  } catch (error) {
    if (isTreeportError(error, 'ERR_FILE_UNSAFE')) throw error;
    throw new TreeportError('ERR_DELTA_INDEX', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
