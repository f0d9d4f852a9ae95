/** Writes single objects into an archive repository, in the bytes that a server with a warm cache sends. */
import { isTreeportError } from '../../base/errors.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import { archivePath, isHashedMetadata, type ObjectName, type ObjectType } from '../../ostree/object-name.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { isGoodFilez, writeAsServed } from '../content/canonical-file.ts';
import { repositoryChanged } from './documents.ts';
import type { ExportTarget } from './export-target.ts';

/** Objects at once. */
export const AT_ONCE = 4;
/** After content. Commits last: each leads to all before it. */
export const METADATA_ORDER: readonly ObjectType[] = [
  'dirmeta',
  'dirtree',
  'commitmeta',
  'tombstone-commit',
  'commit',
];

/**
 * Writes the object unless it is there; with `verify`, unless it is there and good. Returns whether it was
 * written. ERR_REPO_CHANGED if the repository has it no more.
 */
export async function putObject(
  repo: Repository,
  target: ExportTarget,
  name: ObjectName,
  verify: boolean,
): Promise<boolean> {
  const path = archivePath(name);
  const { type, checksum } = name;
  try {
    if (type === 'file') return await putContent(repo, target, checksum, verify);
    if (!isHashedMetadata(type)) return await target.put(path, await repo.objects.metadata(type, checksum));
    if (!verify && target.has(path)) return false;
    return await target.put(path, await verifiedMetadata(repo.objects, type, checksum));
  } catch (error) {
    if (!isTreeportError(error, 'ERR_OBJECT_MISSING')) throw error;
    throw repositoryChanged(repo.path, error.message);
  }
}

async function putContent(
  repo: Repository,
  target: ExportTarget,
  checksum: ObjectName['checksum'],
  verify: boolean,
): Promise<boolean> {
  const path = archivePath({ type: 'file', checksum });
  if (target.has(path) && (!verify || (await isGoodFilez(target.path, checksum)))) return false;
  await writeAsServed(repo, checksum, (filez) => target.write(path, filez));
  return true;
}
