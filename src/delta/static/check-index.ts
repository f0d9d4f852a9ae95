/**
 * Compares a delta of a repository with the delta index and the summary: clients refuse a superblock with
 * another checksum than the list they read says.
 */
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { readBeneath } from '../../base/open-beneath.ts';
import { checksumFromBytes, checksumOf } from '../../ostree/checksum.ts';
import { STATIC_DELTAS_KEY } from '../../ostree/delta-list.ts';
import { type DeltaName, deltaIndexPath, deltaKey } from '../../ostree/delta-name.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { DICT_TYPE, dictView, type MetadataDict, parseDict } from '../../ostree/metadata-dict.ts';
import { parseSummary } from '../../ostree/summary.ts';

type DeltaList = {
  readonly path: string;
  readonly parse: (bytes: Buffer) => MetadataDict;
  /** What makes the list right again. */
  readonly remedy: string;
};

/**
 * ERR_DELTA_INDEX if one of them is malformed or lists another superblock. A delta that it lacks is not
 * checked.
 */
export function checkDeltaIndex(repoPath: string, name: DeltaName, superblock: Uint8Array): void {
  const actual = checksumOf(superblock);
  for (const list of listsOf(name)) {
    const listed = listedChecksum(repoPath, list, deltaKey(name));
    if (listed === undefined || listed === actual) continue;
    const what = `delta ${deltaKey(name)} has the superblock ${actual}, but ${list.path} lists ${listed}`;
    throw new TreeportError('ERR_DELTA_INDEX', `${what}; ${list.remedy}`);
  }
}

function listsOf(name: DeltaName): readonly DeltaList[] {
  return [
    { path: deltaIndexPath(name.to), parse: parseDict, remedy: 'run ostree static-delta reindex' },
    {
      path: 'summary',
      parse: (bytes) => parseSummary(bytes).metadata,
      remedy: 'run ostree summary --update, and sign the summary again if it is signed',
    },
  ];
}

function listedChecksum(repoPath: string, { path, parse }: DeltaList, key: string): string | undefined {
  try {
    const bytes = readBeneath(repoPath, path, { links: 'inside', maxBytes: MAX_METADATA_BYTES });
    const deltas = bytes === undefined ? undefined : dictView(parse(bytes), STATIC_DELTAS_KEY, DICT_TYPE);
    const digest = deltas?.lookup(key)?.child(0);
    return digest === undefined ? undefined : checksumFromBytes(digest.bytes, path);
  } catch (error) {
    if (isTreeportError(error, 'ERR_FILE_UNSAFE')) throw error;
    throw new TreeportError('ERR_DELTA_INDEX', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
