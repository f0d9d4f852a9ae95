/**
 * Which static deltas lie in a repository, and the dictionaries that announce them:
 * `ostree.static-deltas` = `a{sv}` of delta key to the SHA-256 of the superblock (`ay`), in the summary and
 * in delta indexes (an `a{sv}` with that one key, listing the deltas to one commit).
 *
 * Signed superblocks (`static-delta generate --sign-type`) are for offline use: clients cannot parse them
 * over HTTP, so they count as absent.
 */
import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytes } from '../base/bytes.ts';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { type Variant, variant } from '../gvariant/index.ts';
import { type Checksum, checksumToBytes } from './checksum.ts';
import { type DeltaName, deltaDirectory, deltaKey, parseDeltaDirectory } from './delta-name.ts';
import { DICT_TYPE, dictToValue, type MetadataDict, serializeDict } from './metadata-dict.ts';

export type Delta = {
  readonly name: DeltaName;
  /** SHA-256 of the superblock file. */
  readonly superblock: Checksum;
};

export const STATIC_DELTAS_KEY = 'ostree.static-deltas';
const SIGNED_MAGIC = Buffer.from('OSTSGNDT');

/** The usable deltas of the repository at `repoPath`, sorted by key. */
export async function listDeltas(repoPath: string): Promise<readonly Delta[]> {
  const root = join(repoPath, 'deltas');
  const found: Delta[] = [];
  for (const fanOut of await listDirectory(root)) {
    for (const rest of await listDirectory(join(root, fanOut))) {
      const name = parseDeltaDirectory(fanOut, rest);
      const superblock = name && (await readSuperblock(repoPath, name));
      if (name !== undefined && superblock !== undefined)
        found.push({ name, superblock: hash('sha256', superblock) });
    }
  }
  return found.toSorted((a, b) => compareBytes(deltaKey(a.name), deltaKey(b.name)));
}

export function superblockPath(repoPath: string, name: DeltaName): string {
  return join(repoPath, deltaDirectory(name), 'superblock');
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

async function readSuperblock(repoPath: string, name: DeltaName): Promise<Buffer | undefined> {
  const bytes = await orAbsent(
    readFile(superblockPath(repoPath, name)),
    `superblock of delta ${deltaKey(name)}`,
  );
  return bytes === undefined || isSignedSuperblock(bytes) ? undefined : bytes;
}

async function listDirectory(path: string): Promise<readonly string[]> {
  return (await orAbsent(readdir(path), `directory ${path}`)) ?? [];
}

async function orAbsent<T>(reading: Promise<T>, what: string): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw new TreeportError('ERR_IO', `cannot read the ${what}: ${messageOf(error)}`, { cause: error });
  }
}
