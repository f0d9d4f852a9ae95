/**
 * Writes content objects to files in the form that a server with a warm cache sends: the bytes of a pack, the
 * archive file of the repository, or the canonical encoding. All are verified.
 */
import { createReadStream } from 'node:fs';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { isTreeportError } from '../../base/errors.ts';
import { lstatBeneath } from '../../base/list-beneath.ts';
import { openBeneath } from '../../base/open-beneath.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { objectFault } from '../../ostree/object-fault.ts';
import { loosePath } from '../../ostree/object-name.ts';
import { archiveContent } from '../../ostree/repo/archive.ts';
import { LooseObjects } from '../../ostree/repo/loose.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import {
  CANONICAL_LEVEL,
  encodeVerifiedFilez,
  SMALL_OBJECT_BYTES,
  streamVerifiedFilez,
} from '../../ostree/verified-filez.ts';
import { verifyContent } from '../../ostree/verify.ts';

const PIECE_BYTES = 1024 * 1024;

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
  path: string,
): Promise<void> {
  const object = await objects.content(checksum);
  if (object.size <= SMALL_OBJECT_BYTES)
    return writeFileAtomic(path, await encodeVerifiedFilez(object, checksum, CANONICAL_LEVEL));
  return writeFileAtomic(path, streamVerifiedFilez(object, checksum, CANONICAL_LEVEL));
}

/** Copies what is ready, else encodes; ERR_OBJECT_CORRUPT. */
export async function writeAsServed(repo: Repository, checksum: Checksum, path: string): Promise<void> {
  const { ready } = repo;
  const found = ready?.find(checksum);
  if (ready !== undefined && found !== undefined) {
    await verifyContent(await ready.content(checksum), checksum);
    return writeFileAtomic(path, readRange(found.fd, found.from, found.length));
  }
  const archive = archiveRepoOf(repo, checksum);
  if (archive === undefined) return writeCanonical(repo, checksum, path);
  const file = openBeneath(archive.path, loosePath(checksum, 'filez'));
  if (file === undefined) throw objectFault(`object ${checksum}.filez`, 'vanished while it was read');
  const bytes = createReadStream('', { fd: file.fd, start: 0, highWaterMark: PIECE_BYTES });
  try {
    await verifyContent(await archiveContent(new LooseObjects(archive.path)).content(checksum), checksum);
    await writeFileAtomic(path, bytes);
  } finally {
    bytes.destroy();
  }
}

async function* readRange(fd: number, from: number, length: number): AsyncGenerator<Uint8Array> {
  if (length === 0) return;
  const options = { fd, start: from, end: from + length - 1, autoClose: false, highWaterMark: PIECE_BYTES };
  yield* createReadStream('', options);
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
