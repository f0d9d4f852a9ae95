/** Reads the deltas in a repository for the plan: what each saves, and whether it was signed afterwards. */
import { isTreeportError } from '../../base/errors.ts';
import { view, write } from '../../gvariant/index.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { deltaNames, isSignedSuperblock } from '../../ostree/delta-list.ts';
import type { DeltaName } from '../../ostree/delta-name.ts';
import {
  DICT_TYPE,
  dictFromView,
  type MetadataDict,
  parseDict,
  serializeDict,
} from '../../ostree/metadata-dict.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { readSuperblockFile, superblockIn, withDetachedMetadata } from '../static/stored-superblock.ts';
import { detachedMetadataKey, type Superblock } from '../static/superblock.ts';
import type { ExistingDelta } from './plan.ts';
import type { SavingMeter } from './saving.ts';

/** The deltas with a superblock. */
export async function examineDeltas(repo: Repository, meter: SavingMeter): Promise<readonly ExistingDelta[]> {
  const found: ExistingDelta[] = [];
  for (const name of deltaNames(repo.path)) {
    const bytes = readSuperblockFile(repo, name);
    if (bytes !== undefined) found.push(await examine(repo, name, bytes, meter));
  }
  return found;
}

async function examine(
  repo: Repository,
  name: DeltaName,
  bytes: Buffer,
  meter: SavingMeter,
): Promise<ExistingDelta> {
  const superblock = superblockIn(bytes);
  if (superblock === undefined)
    return { name, saving: undefined, state: isSignedSuperblock(bytes) ? 'offline' : 'damaged' };
  const saving = await meter.measure(superblock, bytes.length);
  return { name, saving, state: (await isStale(repo, superblock)) ? 'stale' : 'good' };
}

async function isStale(repo: Repository, superblock: Superblock): Promise<boolean> {
  const [own, current] = [embeddedMetadata(superblock), await currentMetadata(repo, superblock.to)];
  return !serializeDict(own).equals(serializeDict(current));
}

function embeddedMetadata(superblock: Superblock): MetadataDict {
  const embedded = superblock.metadata.get(detachedMetadataKey(superblock));
  if (embedded?.type !== DICT_TYPE) return new Map();
  return dictFromView(view(DICT_TYPE, write(DICT_TYPE, embedded.value)));
}

/** The detached metadata of a commit; empty if it has none. */
export async function currentMetadata(repo: Repository, commit: Checksum): Promise<MetadataDict> {
  try {
    return parseDict(await repo.objects.metadata('commitmeta', commit));
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING')) return new Map();
    throw error;
  }
}

/** The superblock with the commit's detached metadata as it is now. */
export async function withCurrentMetadata(repo: Repository, superblock: Superblock): Promise<Superblock> {
  return withDetachedMetadata(superblock, await currentMetadata(repo, superblock.to));
}
