/**
 * Content objects in the form that a server with a warm cache sends: the bytes of a pack, the archive file of
 * the repository, or the canonical encoding. All are verified; small ones are read once and passed on in
 * memory, so that exactly the bytes that were verified are written.
 */
import { closeSync } from 'node:fs';
import { freeNow } from '../../base/bytes.ts';
import { isTreeportError } from '../../base/errors.ts';
import { lstatBeneath } from '../../base/list-beneath.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { loosePath } from '../../ostree/object-name.ts';
import type { FileRange } from '../../ostree/ready-objects.ts';
import { archiveContent } from '../../ostree/repo/archive.ts';
import { verifiedRange } from '../../ostree/repo/filez-range.ts';
import { LooseObjects } from '../../ostree/repo/loose.ts';
import { objectError } from '../../ostree/repo/object-error.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import {
  CANONICAL_LEVEL,
  encodeVerifiedFilez,
  SMALL_OBJECT_BYTES,
  streamVerifiedFilez,
} from '../../ostree/verified-filez.ts';
import { verifyContent } from '../../ostree/verify.ts';

/** The bytes of an archive file: all of them, or in pieces. */
type Filez = Buffer | AsyncIterable<Uint8Array>;

/** Writes an archive file. The bytes are freed when it returns. */
export type WriteFilez = (filez: Filez) => Promise<void>;

/** Whether a server sends the object without its cache: from a pack or an archive file. */
export function isReady(repo: Repository, checksum: Checksum): boolean {
  return repo.ready?.find(checksum) !== undefined || archiveRepoOf(repo, checksum) !== undefined;
}

/** The first archive repository in the chain of parents that has the object. */
function archiveRepoOf(repo: Repository, checksum: Checksum): Repository | undefined {
  if (repo.mode === 'archive' && lstatBeneath(repo.path, loosePath(checksum, 'filez')) !== undefined)
    return repo;
  return repo.parent === undefined ? undefined : archiveRepoOf(repo.parent, checksum);
}

/** Encodes the object; ERR_OBJECT_CORRUPT. */
export async function writeCanonical(
  { objects }: Repository,
  checksum: Checksum,
  write: WriteFilez,
): Promise<void> {
  const object = await objects.content(checksum);
  if (object.size > SMALL_OBJECT_BYTES) return write(streamVerifiedFilez(object, checksum, CANONICAL_LEVEL));
  return writeAndFree(await encodeVerifiedFilez(object, checksum, CANONICAL_LEVEL), write);
}

/** Passes on what is ready, else encodes; ERR_OBJECT_CORRUPT. */
export async function writeAsServed(repo: Repository, checksum: Checksum, write: WriteFilez): Promise<void> {
  const ready = repo.ready?.find(checksum);
  if (ready !== undefined) return writeAndFree(await verified(ready, checksum, repo.path), write);
  const archive = archiveRepoOf(repo, checksum);
  if (archive === undefined) return writeCanonical(repo, checksum, write);
  const loose = new LooseObjects(archive.path);
  const { fd, stats } = loose.open(checksum, 'filez');
  try {
    const range = { fd, from: 0, length: stats.size };
    await writeAndFree(await verified(range, checksum, loose.path(checksum, 'filez')), write);
  } finally {
    closeSync(fd);
  }
}

async function verified(range: FileRange, checksum: Checksum, path: string): Promise<Filez> {
  try {
    return await verifiedRange(range, checksum);
  } catch (error) {
    throw objectError(error, `${checksum}.filez`, path);
  }
}

async function writeAndFree(filez: Filez, write: WriteFilez): Promise<void> {
  await write(filez);
  if (Buffer.isBuffer(filez)) freeNow(filez);
}

/** Whether the archive repository or cache folder has the object, and it is good. */
export async function isGoodFilez(folder: string, checksum: Checksum): Promise<boolean> {
  try {
    await verifyContent(await archiveContent(new LooseObjects(folder)).content(checksum), checksum);
    return true;
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING') || isTreeportError(error, 'ERR_OBJECT_CORRUPT'))
      return false;
    throw error;
  }
}
