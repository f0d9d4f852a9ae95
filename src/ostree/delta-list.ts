/**
 * Lists the static deltas in a repository, and makes the dictionaries that announce them:
 * `ostree.static-deltas` = `a{sv}` of delta key to the SHA-256 of the superblock (`ay`), in the summary and
 * in delta indexes (an `a{sv}` with that one key, listing the deltas to one commit).
 *
 * Signed superblocks (`static-delta generate --sign-type`) are for offline use and treated as absent, because
 * clients cannot parse them over HTTP.
 */
import { join } from 'node:path';
import { compareBytes } from '../base/bytes.ts';
import { isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { listBeneath } from '../base/list-beneath.ts';
import { readBeneath } from '../base/open-beneath.ts';
import { type Variant, variant } from '../gvariant/index.ts';
import { type Checksum, checksumOf, checksumToBytes } from './checksum.ts';
import { type DeltaName, deltaKey, parseDeltaDirectory, superblockPath } from './delta-name.ts';
import { MAX_METADATA_BYTES } from './limits.ts';
import { DICT_TYPE, dictToValue, type MetadataDict, serializeDict } from './metadata-dict.ts';

export type Delta = {
  readonly name: DeltaName;
  /** SHA-256 of the superblock file. */
  readonly superblock: Checksum;
};

export type ListDeltasOptions = {
  /** Called for each delta whose superblock cannot be used; without it such a delta is an error. */
  readonly onSkipped?: (name: DeltaName, error: TreeportError) => void;
};

export const STATIC_DELTAS_KEY = 'ostree.static-deltas';
export const SIGNED_MAGIC: Buffer = Buffer.from('OSTSGNDT');

/**
 * The usable deltas of the repository at `repoPath`, sorted by key. ERR_FILE_UNSAFE, ERR_FILE_TOO_LARGE,
 * ERR_IO.
 */
export async function listDeltas(
  repoPath: string,
  { onSkipped }: ListDeltasOptions = {},
): Promise<readonly Delta[]> {
  const found: Delta[] = [];
  for (const name of deltaNames(repoPath)) {
    try {
      const superblock = readSuperblock(repoPath, name);
      if (superblock !== undefined) found.push({ name, superblock: checksumOf(superblock) });
    } catch (error) {
      if (onSkipped === undefined || !isTreeportError(error)) throw error;
      onSkipped(name, error);
    }
  }
  return found.toSorted((a, b) => compareBytes(deltaKey(a.name), deltaKey(b.name)));
}

/** The deltas that the repository has a directory for, usable or not. */
export function* deltaNames(repoPath: string): Generator<DeltaName> {
  for (const fanOut of namesIn(repoPath, 'deltas')) {
    for (const rest of namesIn(repoPath, `deltas/${fanOut}`)) {
      const name = parseDeltaDirectory(fanOut, rest);
      if (name !== undefined) yield name;
    }
  }
}

export function isSignedSuperblock(start: Uint8Array): boolean {
  return SIGNED_MAGIC.equals(start.subarray(0, SIGNED_MAGIC.length));
}

/** The value of {@link STATIC_DELTAS_KEY}. */
export function deltasVariant(deltas: readonly Delta[]): Variant {
  const dict: MetadataDict = new Map(
    deltas.map(({ name, superblock }) => [deltaKey(name), variant('ay', checksumToBytes(superblock))]),
  );
  return variant(DICT_TYPE, dictToValue(dict));
}

/** The index of the deltas to one commit; all of `deltas` must lead there. */
export function serializeDeltaIndex(deltas: readonly Delta[]): Buffer {
  return serializeDict(new Map([[STATIC_DELTAS_KEY, deltasVariant(deltas)]]));
}

function readSuperblock(repoPath: string, name: DeltaName): Buffer | undefined {
  const path = superblockPath(name);
  const bytes = reading(`superblock of delta ${deltaKey(name)}`, () =>
    readBeneath(repoPath, path, { maxBytes: MAX_METADATA_BYTES }),
  );
  return bytes === undefined || isSignedSuperblock(bytes) ? undefined : bytes;
}

function namesIn(repoPath: string, path: string): readonly string[] {
  const entries = reading(`directory ${join(repoPath, path)}`, () => listBeneath(repoPath, path));
  return (entries ?? []).map((entry) => entry.name);
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isTreeportError(error)) throw error;
    throw new TreeportError('ERR_IO', `cannot read the ${what}: ${messageOf(error)}`, { cause: error });
  }
}
